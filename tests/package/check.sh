#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds and runs a program outside this tree that uses heddle in one of the ways it is offered.
# Usage: check.sh WAY SOURCE BUILD CXX ASIO
#   find_package, pkg_config         heddle as BUILD installs it, moved to another place since
#   add_subdirectory, fetch_content  from its sources
#   other_asio                       find_package refuses an Asio that heddle was not built with
#   hidden                           libheddle.so exports what headers declare and no more
set -eu
way=$1 source=$2 build=$3 asio=$5
export CXX="$4"
here=$source/tests/package
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"

installed() {
    cmake --install "$build" --prefix "$dir/first" >/dev/null
    mv first prefix
    prefix=$dir/prefix
    lib=$(dirname "$(find "$prefix" -name 'libheddle.*' | head -n 1)")
}
consumer() { # ARGUMENTS...
    cp "$here/main.cpp" "$here/$way/"* .
    cmake -S . -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-O0 -DHEDDLE_ASIO_INCLUDE_DIR="$asio" "$@" >log 2>&1 &&
        cmake --build out >>log 2>&1 || {
        cat log
        exit 1
    }
    # As a guest heddle brings no tests, no demos, nothing to install, and no flags.
    [ "$way" = find_package ] || ! find out -name 'demo*.dir' -o -name 'heddle_test*.dir' | grep . || exit 1
}
runs() { # PROGRAM
    output=$("$@")
    [ "$output" = 42 ] || {
        echo "$*: $output"
        exit 1
    }
}
launcher=$(command -v ccache || true)
export CCACHE_BASEDIR="$dir" CCACHE_NOHASHDIR=1

case $way in
find_package)
    installed
    consumer -DCMAKE_PREFIX_PATH="$prefix"
    runs out/consumer
    ;;
pkg_config)
    command -v pkg-config || { echo "skipped: needs pkg-config"; exit 77; }
    installed
    cp "$here/main.cpp" "$here/$way/"* .
    export CXXFLAGS="-O0 -Wall -Werror"
    [ "$asio" = /usr/include ] || CXXFLAGS="$CXXFLAGS -isystem $asio"
    PKG_CONFIG_PATH=$lib/pkgconfig make -s
    runs env LD_LIBRARY_PATH="$lib" ./consumer
    ;;
add_subdirectory)
    ln -s "$source" heddle
    consumer -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
    runs out/consumer
    ;;
fetch_content)
    # What git knows of the tree as it is, committed or not.
    git -C "$source" ls-files -z -co --exclude-standard |
        (cd "$source" && xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh | tar -c --null -T -) >tree.tar
    mkdir heddle && tar -xf tree.tar -C heddle
    (cd heddle && git init -q && git add -A && git -c user.name=t -c user.email=t@localhost commit -qm tree)
    consumer -DHEDDLE_REPOSITORY="$dir/heddle" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
    runs out/consumer
    ;;
other_asio)
    installed
    mkdir -p other/asio
    touch other/asio.hpp
    echo '#define ASIO_VERSION 109900' >other/asio/version.hpp
    cp "$here/main.cpp" "$here/find_package/"* .
    ! cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix" -DHEDDLE_ASIO_INCLUDE_DIR="$dir/other" >log 2>&1
    grep -q 'built with Asio version' log || { cat log; exit 1; }
    ;;
hidden)
    installed
    nm -DC --defined-only "$lib/libheddle.so" >symbols
    grep -q ' T heddle::live_tasks' symbols
    ! grep -E 'heddle::.*(anonymous namespace|describe_all)| [TBDR] heddle::detail::context_state::' symbols
    ;;
*) echo "no way is called $way"; exit 2 ;;
esac
