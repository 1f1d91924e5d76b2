# Short names for what is done often; each line is the whole command.

.PHONY: build release install uninstall archive test format lint

build:
	swift build

release:
	swift build -c release

# Where to: make install PREFIX=$HOME/.local
PREFIX ?= /usr/local

install:
	scripts/install "$(DESTDIR)$(PREFIX)"

uninstall:
	scripts/install --remove "$(DESTDIR)$(PREFIX)"

archive:
	scripts/archive

test:
	scripts/test

format:
	swift format -i -r Sources Tests Examples/*/Sources Examples/*/Package.swift Package.swift

lint:
	swift format lint --strict -r Sources Tests Examples/*/Sources Examples/*/Package.swift \
	    Package.swift
