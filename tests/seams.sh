#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The seams of the library: only these files of include/ and lib/ may name a clock, a random
# number generator, a thread_local, a lock or an atomic, so that a simulator or an explorer
# can replace them; and only the lowest floor, platform, may name the operating system and
# the compiler, so that a port finds them there.
# Usage: seams.sh ROOT
set -u
cd "$1" || exit 1
failed=0
bare=$(mktemp -d)  # the sources without their comments
trap 'rm -rf "$bare"' EXIT
find include lib -name '*.[ch]pp' | while read -r file; do
    mkdir -p "$bare/${file%/*}"
    sed 's,//.*,,' "$file" >"$bare/$file"
done

# only REGEX FILES...: REGEX (extended) occurs in each of these files, and in no other. A file
# without it must be removed from its list.
only() {
    regex=$1
    shift
    found=$(cd "$bare" && grep -rnE -e "$regex" include lib)
    for file; do
        rest=$(echo "$found" | grep -v "^$file:")
        [ "$rest" != "$found" ] || { echo "$file: no \"$regex\" any more"; failed=1; }
        found=$rest
    done
    [ -z "$found" ] || { echo "outside its seam: $found"; failed=1; }
}

port="lib/platform/port_posix.cpp lib/platform/port_windows.cpp"
inline_port=include/heddle/detail/platform/port.hpp

only 'std::atomic' include/heddle/detail/platform/config.hpp include/heddle/detail/platform/model.hpp lib/testing/stage.hpp
only 'thread_local' lib/core/drained_here.hpp lib/memory/frame_pool.cpp lib/core/host.cpp lib/core/inside.cpp lib/handlers/thread_wait.cpp \
    lib/testing/stage.cpp
# The clock of the host, and the real time that a dump waits for a thread that may be stuck.
only 'clock::now|clock_gettime|gettimeofday|coarse_now' lib/core/host.cpp lib/wait/time.cpp lib/run/dump.cpp lib/platform/locks.cpp lib/platform/port.hpp \
    $port
only 'random_device|mt19937|minstd_rand|[^_a-z](s?rand|random|drand48|arc4random)\(' lib/core/context_core.cpp
only 'std::[a-z_]*mutex|std::condition_variable|atomic_thread_fence|pthread_mutex|pthread_cond'

# The operating system: its headers end in .h, those of C++ and Asio do not.
only '# *include *<[^>]*\.h>' $inline_port $port
only '<c(errno|signal)>|errno|SIG[A-Z]+|"/(proc|sys|dev|etc|tmp)' $port
# The compiler, the processor, and the version of Asio. Other files may have conditions only
# on our own settings, HEDDLE_*, and on NDEBUG.
room=include/heddle/detail/platform
only '# *(el)?if[ (!]|# *(el)?ifn?def +[^HN]' $room/agreement.hpp $room/asio.hpp $room/compiler.hpp $inline_port $port
only '__[a-z]|[^a-z_]asm[^a-z_]|# *pragma +[^o]|\[\[.*(gnu|clang|msvc)::' $room/agreement.hpp $room/compiler.hpp $inline_port $port
exit $failed
