#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
#   test.sh turns K HITS PROGRAM   K players hit in strict turns, HITS times in all ("any": at least K)
#   test.sh no_ball PROGRAM        without a ball: exit code 2, and a report that lists both players and main
#   test.sh stacks PROGRAM         after the game both players are left, and the report says that they wait for the ball
set -eu
mode=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# waiting: prints the tasks that wait for the ball, by the report of heddle or of Go.
waiting() {
    sed -n 's/^task [0-9]* (\(.*\)) waits to receive on `table`$/\1/p
        /^goroutine [0-9]* \[chan receive\]:$/{
            n
            s/^main\.player(.*/player/p
            s/^main\.play(.*/main/p
        }' "$dir/err" |
        sed 's/^p[io]ng$/player/' | sort | tr '\n' ' '
}
fail() {
    echo "$*"
    cat "$dir/err"
    exit 1
}
case $mode in
turns)
    k=$1 hits=$2
    shift 2
    "$@" -k "$k" >"$dir/out"
    awk -v k="$k" -v hits="$hits" '
        function fail(why) { print why ": " $0; failed = 1; exit 1 }
        $2 == "hits" { total = $1; next }
        $NF != ++n { fail("not hit " n) }
        {
            sub(/ [0-9]+$/, "")
            if (n <= k ? seen[$0]++ : turn[n % k] != $0) fail("out of turn")
            turn[n % k] = $0
        }
        END {
            if (failed) exit 1
            if (total != n || n < k || (hits != "any" && n != hits)) fail(n " hits")
        }' "$dir/out"
    ;;
no_ball)
    "$1" --no-ball >"$dir/out" 2>"$dir/err" && status=0 || status=$?
    [ "$status" = 2 ] || fail "exit code $status"
    grep -Eq '^(heddle: deadlock: |fatal error: all goroutines are asleep - deadlock!)' "$dir/err" ||
        fail "no deadlock is reported"
    [ "$(waiting)" = "main player player " ] || fail "waiting: $(waiting)"
    ;;
stacks)
    "$1" --stacks >"$dir/out" 2>"$dir/err" || fail "exit code $?"
    [ "$(waiting)" = "player player " ] || fail "waiting: $(waiting)"
    ;;
esac
