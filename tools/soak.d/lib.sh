# SPDX-License-Identifier: BSL-1.0
# Functions of the soak tests; sourced by bash.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/tools/lib.sh"

# build TARGET... builds in build/release, and prints only if that fails.
build() {
    local log
    need "${packages[@]}"
    log=$(
        exec 2>&1
        cd "$root"
        mkdir -p build
        exec 9>build/release.lock
        flock 9
        [ -f build/release/build.ninja ] || cmake --preset release || exit
        cmake --build build/release --target "$@"
    ) || {
        printf '%s\n' "$log" >&2
        exit 1
    }
}

skip_without() { # COMMAND
    command -v "$1" >/dev/null || {
        echo "skipped: needs $1"
        exit 77
    }
}

# start PROGRAM ARGUMENTS... starts a server, which ends with this script, and sets $port.
start() {
    local line
    coproc server { exec "$@"; }
    pid=$server_PID
    trap 'kill -KILL $pid 2>/dev/null' EXIT
    read -r line <&"${server[0]}"
    port=${line##*:}
    before=$(descriptors)
}
descriptors() { ls "/proc/$pid/fd" | wc -l; }

# Checks that the server has as many descriptors as in the beginning and ends with 0; prints its memory and time.
stop() {
    local tries=0 status=0
    while [ "$(descriptors)" != "$before" ]; do
        [ $((tries += 1)) -le 100 ] || {
            echo "FAILED: $before descriptors became $(descriptors)"
            exit 1
        }
        sleep 0.1
    done
    echo "server: $(awk '/VmHWM/ { print $2 }' "/proc/$pid/status") kB at most, $before descriptors as before"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    trap - EXIT
    [ $status = 0 ] || {
        echo "FAILED: the server ended with $status"
        exit 1
    }
}
