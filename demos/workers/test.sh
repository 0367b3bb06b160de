#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs a workers demo and checks the promises of all of them: "Starting...", and then lines of
# serial/expected.txt, each at most once, those of a job in ascending order. MODE says what else is checked:
#   test.sh all PROGRAM         nine lines, exit 0
#   test.sh sleep PROGRAM       the same; took 1000 ms
#   test.sh wait_group PROGRAM  the same; took as long as its slowest job
#   test.sh one PROGRAM         one line
#   test.sh range PROGRAM       nine lines; then a report that main waits for ever, exit 2
#   test.sh bad_close PROGRAM   fewer lines; then a report of a send to a closed channel, exit 2
# If PROGRAM is heddle's, --seeds MODE PROGRAM runs it in virtual time, where times are exact, in 20 seeded
# schedules; their orders must differ, unless there is only one line.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
fail() {
    echo "$*; HEDDLE_SEED=${HEDDLE_SEED-} exit $status, stdout and stderr:"
    cat "$dir/out" "$dir/err"
    exit 1
}

# took NAME: prints the milliseconds that NAME took, as stderr says.
took() { sed -n "s/^${1-} *took \([0-9]*\) ms\$/\1/p" "$dir/err"; }

# near MS WANTED: MS is not less than WANTED; in virtual time it is equal, by the real clock at most 300 ms more.
near() { [ "$1" -ge "$2" ] && [ "$1" -le $(($2 + slack)) ]; }

check() {
    "$2" >"$dir/out" 2>"$dir/err"
    status=$?
    [ "$(head -n 1 "$dir/out")" = Starting... ] || fail "no beginning"
    lines=$(($(wc -l <"$dir/out") - 1))
    sort "$dir/out" | uniq | comm -23 - "$dir/known" | grep . && fail "not a line of serial"
    awk '/complete/ { at = $(NF - 1); $(NF - 1) = ""; if (at != next_of[$0]++) exit 1 }' "$dir/out" ||
        fail "out of order, or twice"
    case $1 in
    all | sleep | wait_group | one) [ $status = 0 ] || fail "not exit 0" ;;
    range) [ $status = 2 ] && grep -q deadlock "$dir/err" && grep -Eq 'waits to receive|chan receive' "$dir/err" || fail "no deadlock" ;;
    bad_close) [ $status = 2 ] && grep -Eq '(send on|close of) a? ?closed channel' "$dir/err" || fail "no word about a closed channel" ;;
    esac
    case $1 in
    one) [ $lines = 1 ] || fail "$lines lines" ;;
    bad_close) [ $lines -ge 3 ] && [ $lines -lt 9 ] || fail "$lines lines" ;;
    *) [ $lines = 9 ] || fail "$lines lines" ;;
    esac
    case $1 in
    sleep) near "$(took)" 1000 || fail "not 1000 ms" ;;
    wait_group)
        slowest=$(took '[^a].*[^l]' | sort -n | tail -n 1)
        [ "$slowest" -gt 0 ] && near "$(took all)" "$slowest" || fail "not as long as the slowest"
        ;;
    esac
}

LC_ALL=C
export LC_ALL
sort workers/serial/expected.txt >"$dir/known" || exit 1
slack=300
if [ "$1" = --seeds ]; then
    slack=0
    export HEDDLE_CLOCK=virtual HEDDLE_SEED
    for HEDDLE_SEED in $(seq 20); do
        check "$2" "$3"
        paste -sd ' ' "$dir/out" >>"$dir/orders"
    done
    orders=$(sort "$dir/orders" | uniq | wc -l)
    [ "$orders" -gt 1 ] || fail "the same order in 20 schedules"
else
    check "$1" "$2"
fi
