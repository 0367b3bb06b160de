# SPDX-License-Identifier: BSL-1.0
# Functions of tools/test, tools/demo and others; sourced by bash.

# The packages after doctest-dev are for demos and some tests.
packages=(g++ cmake ninja-build ccache libasio-dev doctest-dev netcat-openbsd curl libboost-dev libboost-coroutine-dev libssl-dev nlohmann-json3-dev openssl python3 redis-tools)

say() { printf '%s\n' "${0##*/}: $*" >&2; }

# as_root COMMAND... runs a command with sudo, unless this is root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "neither root nor sudo is at hand for: $*"
        return 1
    fi
}

# need PACKAGE... installs the packages that are missing. All its output goes to stderr. Only apt installs them: on other
# systems it names what is needed, and goes on if the tools are there; CMake looks for the libraries.
need() {
    if ! command -v apt-get >/dev/null; then
        local hint="these packages of Debian: $*"
        case $(uname) in
        Darwin) hint="brew install bash cmake ninja ccache asio doctest" ;;
        MINGW* | MSYS*) hint="pacman -S ${MINGW_PACKAGE_PREFIX:-mingw-w64-ucrt-x86_64}-{gcc,cmake,ninja,ccache,asio,doctest}" ;;
        esac
        say "this system has no apt, so nothing is installed; needed are: $hint"
        command -v cmake >/dev/null && command -v ninja >/dev/null || exit 1
        return
    fi
    local missing=() package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    say "installing ${missing[*]}"
    as_root apt-get -q update >&2 || say "apt-get update failed, trying with what is known"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}" >&2 || {
        say "apt could not install: ${missing[*]}"
        exit 1
    }
}

# cmake and ctest read these: one job for each core, unless the environment says otherwise. macOS has no nproc.
cores=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$cores}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$cores}

# Debian's packages of Boost 1.81 and 1.74 exclude each other, and 1.74 is in use: so this puts the
# headers of 1.81 into build/boost-1.81 of the tree.
need_boost() { # ROOT
    local place=$1/build/boost-1.81
    [ -f "$place/usr/include/boost/asio.hpp" ] && return
    mkdir -p "$place"
    (
        cd "$place"
        apt-get -q download libboost1.81-dev || { as_root apt-get -q update && apt-get -q download libboost1.81-dev; }
        dpkg-deb -x libboost1.81-dev_*.deb .
        rm libboost1.81-dev_*.deb
    ) >&2
}

# Puts the Asio of Debian's newest packages into build/newest-asio of the tree: the headers suit any compiler. Where
# apt cannot have them, the installed Asio takes their place.
need_newest_asio() { # ROOT
    local place=$1/build/newest-asio
    [ -e "$place/usr/include/asio.hpp" ] && return
    mkdir -p "$place/apt/lists" "$place/apt/archives/partial" "$place/usr/include"
    (
        cd "$place"
        echo 'deb http://deb.debian.org/debian sid main' >apt/sources
        own=(-o Dir::Etc::SourceList="$PWD/apt/sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$PWD/apt/lists"
            -o Dir::Cache="$PWD/apt" -o APT::Sandbox::User= -o Acquire::Languages=none
            -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
        apt-get -q "${own[@]}" update && apt-get -q "${own[@]}" download libasio-dev && dpkg-deb -x libasio-dev_*.deb .
    ) >&2 || {
        say "apt cannot have a newer Asio here, so the installed one is used"
        ln -sfn /usr/include/asio /usr/include/asio.hpp "$place/usr/include/"
    }
    rm -rf "$place/apt" "$place"/*.deb
}
