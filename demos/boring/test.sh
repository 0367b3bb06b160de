#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The messages of each speaker are numbered from 0 without a gap. MODE says what else is checked:
#   fan_in, select   10 messages, then the number of tasks: the speakers, and 2 or 1 that forward
#   sequence         5 rounds, in each of which both speakers say their number
#   timeout_each     each message after at most 100 ms, then none for 100 ms
#   timeout_all      messages, the last before 500 ms, and an end at 500 ms
# A time may be exceeded by less than LATE ms. Usage: test.sh MODE LATE PROGRAM
set -eu
mode=$1 late=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$@" >"$dir/out"
awk -v mode="$mode" -v late="$late" '
function fail(why) { print "line " NR ": " why ": " $0; failed = 1; exit 1 }
function in_time(ms, limit) { return ms < limit + late || ms == limit }
ended { fail("after the end") }
/^(Joe|Ann) [0-9]+( (after|at) [0-9]+ ms)?$/ {
    if ($2 != next_of[$1]++) fail("out of order")
    ++messages
    if (mode == "timeout_each" && (NF != 5 || !in_time($4, 100))) fail("too slow")
    if (mode == "timeout_all" && (NF != 5 || !in_time($4, 500))) fail("too late")
    if (mode == "sequence" && NR % 2 == 0 && ($1 == speaker || $2 != number)) fail("no round")
    speaker = $1
    number = $2
    next
}
mode == "fan_in" && $0 == "4 tasks talk" { ended = 1; next }
mode == "select" && $0 == "3 tasks talk" { ended = 1; next }
mode == "timeout_each" && /^You.re too slow: [0-9]+ ms$/ {
    if ($4 < 100 || !in_time($4, 100)) fail("not in time")
    ended = 1
    next
}
mode == "timeout_all" && /^You talk too much: [0-9]+ ms$/ {
    if ($5 < 500 || !in_time($5, 500)) fail("not in time")
    ended = 1
    next
}
{ fail("unexpected") }
END {
    if (failed) exit 1
    wanted = mode ~ /^timeout/ ? messages : 10
    if (messages != wanted || !messages || (mode == "sequence") == ended) fail(messages " messages")
}' "$dir/out"
