#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Builds and runs a program outside this tree that uses heddle in one of the ways in which it is offered.
# Usage: check.sh WAY SOURCE BUILD CXX ASIO [FLAGS]
#   FLAGS are the flags of BUILD if it is made for a sanitizer.
#   find_package, pkg_config         heddle is installed by BUILD, and then moved to another place
#   add_subdirectory, fetch_content  heddle is built from its sources
#   by_hand                          the program is compiled without the flags that CMake or pkg-config add
#   flags                            the same, with other standards, flags of hardening, warnings as errors
#   disagree                         a program that is compiled for another build of heddle is refused, with a message
#   other_asio                       find_package refuses an Asio that heddle was not built with
#   hidden                           libheddle.so exports only names that headers declare
#   module                           a program imports heddle, and the module exports every public name
#   debugger                         gdb calls dump_tasks() in a program that has no debug information of its own
#   boost                            the library on Boost.Asio, by find_package and pkg-config; a mix of both is refused
set -eu
way=$1 source=$2 build=$3 asio=$5 flags=${6:-}
export CXX="$4"
here=$source/tests/package
library=heddle
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"

installed() {
    cmake --install "$build" --prefix "$dir/first" >/dev/null
    mv first prefix
    prefix=$dir/prefix
    lib=$(dirname "$(find "$prefix" -name 'lib*heddle.*' | head -n 1)")
}
consumer() { # ARGUMENTS...
    cp "$here/main.cpp" "$here/$way/"* .
    cmake -S . -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-O0 -DHEDDLE_ASIO_INCLUDE_DIR="$asio" "$@" >log 2>&1 &&
        cmake --build out >>log 2>&1 || {
        cat log
        exit 1
    }
    # As a subproject heddle adds no tests, no demos, nothing to install, and no flags.
    [ "$way" = find_package ] || ! find out -name 'demo*.dir' -o -name 'heddle_test*.dir' | grep . || exit 1
}
runs() { # PROGRAM
    output=$("$@")
    [ "$output" = 42 ] || {
        echo "$*: $output"
        exit 1
    }
}
by_hand() { # PROGRAM FLAGS... FILES...: builds against the installed heddle
    program=$1
    shift
    includes=
    [ "$asio" = /usr/include ] || includes="-isystem $asio"
    # shellcheck disable=SC2086
    ${launcher:-} "$CXX" -std=c++20 $flags "$@" -I"$prefix/include" $includes -L"$lib" -l"$library" -pthread -Wl,-rpath,"$lib" -o "$program" >log 2>&1
}
builds_by_hand() {
    by_hand "$@" || {
        echo "by hand: $*"
        cat log
        exit 1
    }
}
refused() { # WORDS FLAGS... FILES...
    words=$1
    shift
    if by_hand refused "$@"; then
        echo "not refused: $*"
        exit 1
    fi
    grep -q "$words" log || {
        echo "refused, but without the words \"$words\": $*"
        head -n 20 log
        exit 1
    }
    grep -m 1 "$words" log
}
launcher=$(command -v ccache || true)
# A user may build the sources of heddle as a few large ones, which takes a fifth of the time.
unity="-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=12"
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
    consumer -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" $unity
    runs out/consumer
    ;;
fetch_content)
    # The repository has all files of the tree that git does not ignore, committed or not.
    git -C "$source" ls-files -z -co --exclude-standard |
        (cd "$source" && xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh | tar -c --null -T -) >tree.tar
    mkdir heddle && tar -xf tree.tar -C heddle
    (cd heddle && git init -q && git add -A && git -c user.name=t -c user.email=t@localhost commit -qm tree)
    consumer -DHEDDLE_REPOSITORY="$dir/heddle" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" $unity
    runs out/consumer
    ;;
by_hand)
    installed
    cp "$here/main.cpp" "$here/by_hand/"* .
    builds_by_hand plain main.cpp
    runs ./plain
    [ -n "$flags" ] || {
        builds_by_hand fast -O2 -DNDEBUG main.cpp
        runs ./fast
    }
    # The two files of this program have different flags and orders of includes, which the library allows.
    builds_by_hand mixed std_first.cpp heddle_first.cpp -DNDEBUG
    runs ./mixed
    [ -z "$flags" ] || exit 0
    # Only the program has the sanitizer. It misses some errors in recycled frames, but reports no false ones.
    builds_by_hand sanitized -fsanitize=address -O2 std_first.cpp heddle_first.cpp
    runs ./sanitized
    builds_by_hand undefined -fsanitize=undefined -fno-sanitize-recover=all main.cpp
    runs ./undefined
    ;;
flags)
    installed
    cp "$here/main.cpp" .
    "$CXX" -std=c++26 -fsyntax-only -x c++ /dev/null 2>/dev/null && newest=-std=c++26 || newest=
    for more in -std=c++23 $newest '-O2 -flto' \
        '-O2 -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fcf-protection=full -fstack-protector-strong' \
        '-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Woverloaded-virtual -Wnull-dereference -Werror'; do
        # shellcheck disable=SC2086
        builds_by_hand program $more main.cpp
        runs ./program
    done
    refused 'heddle needs C++20 or newer: -std=c++20' -std=c++17 main.cpp
    refused 'heddle needs exceptions: no -fno-exceptions' -fno-exceptions main.cpp
    refused 'heddle: -fno-rtti needs ASIO_NO_TYPEID, here and where libheddle is built' -fno-rtti main.cpp
    refused libheddle_must_be_built_with_ASIO_NO_TYPEID_like_this_program -fno-rtti -DASIO_NO_TYPEID main.cpp
    ;;
disagree)
    installed
    echo '#include <heddle/time.hpp>
int main() {}' >agrees.cpp
    builds_by_hand agrees agrees.cpp
    builds_by_hand agrees -DNDEBUG agrees.cpp
    refused libheddle_must_be_built_with_ASIO_DISABLE_THREADS_like_this_program -DASIO_DISABLE_THREADS agrees.cpp
    refused libheddle_must_be_built_with_ASIO_ENABLE_HANDLER_TRACKING_like_this_program -DASIO_ENABLE_HANDLER_TRACKING agrees.cpp
    refused libheddle_must_be_built_with_ASIO_DISABLE_EPOLL_like_this_program -DASIO_DISABLE_EPOLL agrees.cpp
    refused libheddle_must_be_built_with_ASIO_NO_TYPEID_like_this_program -DASIO_NO_TYPEID agrees.cpp
    refused libheddle_must_be_built_with_GLIBCXX_DEBUG_like_this_program -D_GLIBCXX_DEBUG agrees.cpp
    refused libheddle_must_be_built_with_fsanitize_thread_like_this_program -fsanitize=thread agrees.cpp
    refused libheddle_must_be_built_as_heddle_model_like_this_program -DHEDDLE_MODEL -I"$source/include" agrees.cpp
    refused 'HEDDLE_MODEL is for heddle::model, which is not installed' -DHEDDLE_MODEL agrees.cpp
    # This copy of Asio claims to be another version.
    version=$(sed -nE 's/.*define ASIO_VERSION ([0-9]+).*/\1/p' "$asio/asio/version.hpp")
    mkdir -p other/asio
    ln -s "$asio/asio.hpp" other/asio.hpp
    for part in "$asio"/asio/*; do ln -s "$part" other/asio/; done
    rm other/asio/version.hpp
    sed -E "s/(define ASIO_VERSION) .*/\1 $((version + 1))/" "$asio/asio/version.hpp" >other/asio/version.hpp
    refused "libheddle_must_be_built_with_ASIO_VERSION_$((version + 1))_like_this_program" -Iother agrees.cpp
    if [ "$version" -lt 102801 ]; then
        refused 'heddle: sockets on io_uring need Asio 1.28.1' -DASIO_HAS_IO_URING -DASIO_DISABLE_EPOLL agrees.cpp
    fi
    # The way in which this Asio allocates depends on the order of includes.
    if [ "$version" -lt 102300 ]; then
        { echo '#include <asio.hpp>' && cat agrees.cpp; } >asio_first.cpp
        builds_by_hand agrees asio_first.cpp
        refused 'heddle: this file includes Asio, which is older than 1.23, before any standard header' -fsanitize=address asio_first.cpp
        builds_by_hand agrees -DASIO_HAS_STD_ALIGNED_ALLOC=1 asio_first.cpp
    fi
    ;;
other_asio)
    installed
    mkdir -p other/asio
    touch other/asio.hpp
    echo '#define ASIO_VERSION 109900' >other/asio/version.hpp
    cp "$here/main.cpp" "$here/find_package/"* .
    ! cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix" -DHEDDLE_ASIO_INCLUDE_DIR="$dir/other" >log 2>&1
    grep -q 'built with standalone Asio of version' log || { cat log; exit 1; }
    ;;
hidden)
    installed
    nm -DC --defined-only "$lib/libheddle.so" >symbols
    grep -q ' T heddle::live_tasks' symbols
    ! grep -E 'heddle::.*(anonymous namespace|describe_all)| [TBDR] heddle::detail::context_state::' symbols
    ;;
module)
    installed
    # Asio 1.22 needs the first, with clang the others, too, as our CMake target and heddle.pc say.
    flags="-O0 -pthread -Wall -Wextra -Werror -DASIO_HAS_STD_ALIGNED_ALLOC=1 -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1"
    [ "$asio" = /usr/include ] || flags="$flags -isystem $asio"
    # shellcheck disable=SC2086
    "$CXX" -std=c++20 $flags -I"$prefix/include" --precompile "$prefix/include/heddle.cppm" -o heddle.pcm
    "$CXX" -pthread -c heddle.pcm -o heddle.o
    launcher=  # it knows no modules
    flags="$flags -fmodule-file=heddle=heddle.pcm"
    cp "$here/module/alone.cpp" .
    builds_by_hand alone alone.cpp heddle.o
    runs ./alone
    # Headers of Asio and of heddle before the import, and after it.
    sed 's,#include <heddle/heddle.hpp>,import heddle;,' "$here/main.cpp" >import_first.cpp
    sed '/^import/d; 0,/^heddle::task/s//#include <heddle\/channel.hpp>\nimport heddle;\n\n&/' import_first.cpp >import_last.cpp
    for program in import_first import_last; do
        builds_by_hand $program $program.cpp heddle.o
        runs ./$program
    done
    python3 "$here/module/names.py" "$prefix/include" "$CXX" -std=c++20 -I"$prefix/include" $flags
    ;;
debugger)
    command -v gdb >/dev/null || { echo "skipped: needs gdb"; exit 77; }
    installed
    cp "$here/debugger/main.cpp" .
    builds_by_hand stopped -O2 main.cpp  # the program has no debug information itself
    # gdb takes the program for one in C, where a name has no overloads: it calls any function of that name.
    [ "$(nm -C "$(find "$lib" -name "libheddle.*" -type f | head -n 1)" | grep -c ' T heddle::dump_tasks')" = 1 ] || { echo "several functions dump_tasks"; exit 1; }
    calls() { # BREAKPOINT [ARGUMENT]
        gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'set print elements 0' -ex "break $1" -ex 'run' \
            -ex 'call heddle::dump_tasks()' -ex 'continue' --args ./stopped ${2-} >out 2>&1
        grep -q 'Breakpoint 1, ' out || { grep -iq ptrace out && echo "skipped: gdb may not trace here" && exit 77; cat out; exit 1; }
        # gdb 13 does not know the registers of newer processors, and then calls nothing in any program.
        ! grep -q 'write extended state' out || { echo "skipped: gdb cannot call a function on this processor"; exit 77; }
        grep -q 'exited normally' out || { echo "the program does not go on after the call"; cat out; exit 1; }
    }
    tells() { grep -q -- "$1" out || { echo "gdb did not tell: $1"; cat out; exit 1; }; }
    calls stop_in_task
    tells 'task 1 (consumer) waits to receive on `jobs`.*task 2 (stopped) runs\|task 2 (stopped) runs.*task 1 (consumer) waits to receive on `jobs`'
    calls stop_outside two
    tells 'task 1 (consumer) waits to receive on `jobs`.*task 2 (consumer) waits to receive on `jobs`'
    calls stop_locked
    tells 'task 1 (consumer) waits to receive on a channel that is busy'
    ;;
boost)
    library=boost_heddle
    installed
    consumer -DCMAKE_PREFIX_PATH="$prefix" -DHEDDLE_BOOST_INCLUDE_DIR="$asio"
    runs out/consumer
    ! cmake -S . -B other -DCMAKE_PREFIX_PATH="$prefix" -DCOMPONENT=standalone >log 2>&1
    grep -q 'the component standalone is not installed' log || { cat log; exit 1; }
    echo '#include <heddle/time.hpp>
int main() {}' >agrees.cpp
    builds_by_hand agrees -DHEDDLE_BOOST_ASIO agrees.cpp
    boost=$asio asio=/usr/include
    refused libheddle_must_be_built_as_heddle_heddle_like_this_program agrees.cpp
    command -v pkg-config >/dev/null || exit 0
    flags="$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs boost_heddle) -isystem $boost"
    builds_by_hand by_pkg_config main.cpp
    runs ./by_pkg_config
    ;;
*) echo "no way is called $way"; exit 2 ;;
esac
