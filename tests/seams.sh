#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The seams of the library: only these files of include/ and lib/ may name a clock, a random
# number generator, a thread_local, a lock or an atomic, so that a simulator or an explorer
# can replace them.
# Usage: seams.sh ROOT
set -u
cd "$1" || exit 1
failed=0

# only REGEX FILES...: outside comments, REGEX (extended) occurs in each of these files, and
# in no other. A file without it must be removed from its list.
only() {
    regex=$1
    shift
    for file in $(find include lib -name '*.[ch]pp' | sort); do
        found=$(sed 's,//.*,,' "$file" | grep -nE -e "$regex")
        case " $* " in
        *" $file "*) [ -n "$found" ] || { echo "$file: no \"$regex\" any more"; failed=1; } ;;
        *) [ -z "$found" ] || { echo "$file: outside its seam: $found"; failed=1; } ;;
        esac
    done
    for file; do
        [ -f "$file" ] || { echo "$file: no such file"; failed=1; }
    done
}

only 'std::atomic' include/heddle/detail/platform/config.hpp include/heddle/detail/platform/model.hpp lib/testing/stage.hpp
only 'thread_local' lib/core/drained_here.hpp lib/memory/frame_pool.cpp lib/core/host.cpp lib/core/inside.cpp lib/testing/stage.cpp
# The clock of the host, and the real time that a dump waits for a thread that may be stuck.
only '_clock::now|clock_gettime|gettimeofday' lib/core/host.cpp lib/wait/time.cpp lib/run/dump.cpp
only 'random_device|mt19937|minstd_rand|[^_a-z](s?rand|random|drand48|arc4random)\(' lib/core/context_core.cpp
only 'std::[a-z_]*mutex|condition_variable|atomic_thread_fence|pthread_mutex|pthread_cond'
exit $failed
