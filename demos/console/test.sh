#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Types into a console through a pipe. Usage: test.sh PROGRAM [THREADS]
# Nothing here sleeps: each step waits for an effect of the step before, and ctest limits the time.
set -u
program=$1
threads=${2-}
dir=$(mktemp -d) || exit 1
cd "$dir" || exit 1
console=
mkfifo typed said
finish() {
    [ -z "$console" ] || kill -KILL "$console" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
fail() {
    echo "$*"
    exit 1
}

start() {
    "$program" <typed >said &
    console=$!
    exec 3>typed 4<said
    ticks=0
}

# expect LINE: the next line that is no tick is LINE. expect tick: the next line is a tick. Ticks are counted.
expect() {
    while read -r words <&4; do
        case $words in
        tick*)
            ticks=$((ticks + 1))
            [ "$words" = "tick $ticks" ] || fail "after tick $((ticks - 1)): $words"
            [ "$1" != tick ] || return 0
            ;;
        *)
            [ "$words" = "$1" ] || fail "said: $words, expected: $1"
            return 0
            ;;
        esac
    done
    fail "said no more, expected: $1"
}

# ended: the program has ended with exit code 0.
ended() {
    exec 3>&-
    wait "$console"
    status=$?
    console=
    exec 4<&-
    [ $status = 0 ] || fail "exit $status"
}

start
expect tick # no input comes
echo hello >&3
expect "line: hello"
printf 'half a ' >&3
expect tick # an incomplete line delays nothing
kill -INT "$console"
expect "signal 2"
printf 'line\ntwo at once\nno end of line' >&3
expect "line: half a line"
expect "line: two at once"
expect tick
[ -z "$threads" ] || [ "$(ls "/proc/$console/task" | wc -l)" = "$threads" ] || fail "not $threads thread"
exec 3>&-
expect "line: no end of line"
expect "end of input"
ended

start
expect tick
kill -TERM "$console"
expect "signal 15"
ended

echo "from a file" >file
[ "$("$program" <file | grep -v tick | paste -sd ' ')" = "line: from a file end of input" ] || fail "not the lines of a file"
