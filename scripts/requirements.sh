# What every script here needs, to be sourced: Swift 6.2, and libomp, which is installed if missing.
# Sets `version`, and defines say, fail, quietly (which needs a file name in `log`) and has_libomp.

say() { printf '%s\n' "$script: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

needs_swift='Swift 6.2 or later is needed; https://www.swift.org/install says how to get it'
command -v swift >/dev/null || fail "$needs_swift"
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' |
    head -n 1)
[[ -n $version ]] || fail "'swift --version' does not work here; $needs_swift"
major=${version%.*} minor=${version#*.}
((major > 6 || (major == 6 && minor >= 2))) || fail "this is Swift $version; $needs_swift"

has_libomp() {
    case $(uname -s) in
    Darwin) [[ -e $(brew --prefix libomp 2>/dev/null)/lib/libomp.dylib ]] ;;
    *) compgen -G '/usr/lib/*/libomp.so.5' || compgen -G '/usr/lib*/libomp.so.5' ||
        compgen -G '/usr/local/lib*/libomp.so.5' ;;
    esac >/dev/null
}

# Runs a command, and shows what it printed only when it fails.
quietly() {
    local status=0
    "$@" >"$log" 2>&1 || status=$?
    if ((status != 0)); then cat "$log" >&2; fi
    return "$status"
}

# Installs Debian's or Ubuntu's packages.
install_packages() {
    command -v apt-get >/dev/null || fail "$* are missing, and there is no apt-get to install them"
    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    if ((EUID != 0)); then as_root=(sudo "${as_root[@]}"); fi
    say "installing $* with apt-get"
    quietly "${as_root[@]}" apt-get update && quietly "${as_root[@]}" apt-get install -y "$@"
}

install_libomp() {
    if [[ $(uname -s) == Darwin ]]; then
        command -v brew >/dev/null || fail 'libomp is missing; install Homebrew, then libomp'
        say 'libomp, the OpenMP runtime, is missing; installing it with Homebrew'
        quietly brew install libomp
    elif command -v apt-get >/dev/null; then
        install_packages libomp-dev
    else
        fail 'libomp.so.5 is missing; install LLVM OpenMP, or set SWIFTLET_OPENMP=0 to do without'
    fi
}

if [[ ${SWIFTLET_OPENMP:-1} != 0 ]] && ! has_libomp; then
    install_libomp && has_libomp ||
        fail 'libomp could not be installed; install it, or set SWIFTLET_OPENMP=0 to do without'
fi
