#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The seams of the library: clock, random, thread_local, lock and atomic are named in the
# files where they belong and nowhere else in include/ and lib/, so that a simulator or an
# explorer can put its own in their place; and the operating system and the compiler are
# named on the ground floor, platform, where a port to another finds them.
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

# only REGEX FILES...: REGEX (extended) occurs in these files, in each of them, and in no
# other. A file that no longer needs its leave gives it back.
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

port=lib/platform/port_posix.cpp
inline_port=include/heddle/detail/platform/port.hpp

only 'std::atomic' include/heddle/detail/platform/config.hpp include/heddle/detail/platform/model.hpp lib/testing/stage.hpp
only 'thread_local' lib/core/drained_here.hpp lib/memory/frame_pool.cpp lib/core/host.cpp lib/core/inside.cpp lib/testing/stage.cpp
# The host's clock; and, in real time whatever that shows, how long a dump waits for a
# thread that may be stuck.
only 'clock::now|clock_gettime|gettimeofday|coarse_now' lib/core/host.cpp lib/wait/time.cpp lib/run/dump.cpp lib/platform/port.hpp \
    $port
only 'random_device|mt19937|minstd_rand|[^_a-z](s?rand|random|drand48|arc4random)\(' lib/core/context_core.cpp
only 'std::[a-z_]*mutex|condition_variable|atomic_thread_fence|pthread_mutex|pthread_cond'

# The system: its headers end in .h, which those of C++ and Asio do not.
only '# *include *<[^>]*\.h>' $inline_port $port
only '<c(errno|signal)>|errno|SIG[A-Z]+|"/(proc|sys|dev|etc|tmp)' $port
# The compiler, the processor, and the version of Asio. The conditions that other files may
# have are settings of ours, HEDDLE_*, and NDEBUG.
room=include/heddle/detail/platform
only '# *(el)?if[ (!]|# *(el)?ifn?def +[^HN]' $room/agreement.hpp $room/asio.hpp $room/compiler.hpp $inline_port $port
only '__[a-z]|[^a-z_]asm[^a-z_]|# *pragma +[^o]|\[\[.*(gnu|clang|msvc)::' $room/agreement.hpp $room/compiler.hpp $inline_port $port
exit $failed
