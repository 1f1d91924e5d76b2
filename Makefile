# Short names for what is done often; each line is the whole command.

.PHONY: build release test format lint

build:
	swift build

release:
	swift build -c release

test:
	scripts/test

format:
	swift format -i -r Sources Tests Package.swift

lint:
	swift format lint --strict -r Sources Tests Package.swift
