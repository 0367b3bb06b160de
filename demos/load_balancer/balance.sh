#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Checks every event that a balancer prints: one worker has one request more, or one less; the worker that
# gets one is right by POLICY: the least loaded (heap), the next in turn (round_robin), one without requests
# (safe). There are never more than MOST requests, mean and variance are right, and the variance is on
# average between LOW and HIGH once every worker has been busy for long (the second half).
# Usage: balance.sh POLICY EVENTS MOST LOW HIGH PROGRAM [ARGS]
set -eu
policy=$1 events=$2 most=$3 low=$4 high=$5
shift 5
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$@" --events "$events" >"$dir/out"
awk -v policy="$policy" -v events="$events" -v most="$most" -v low="$low" -v high="$high" '
function fail(why) { print "event " NR ": " why ": " $0; failed = 1; exit 1 }
function far(a, b) { return a - b > 0.0051 || b - a > 0.0051 }
NR == 1 { n = NF - 4; turn = n }
{
    changed = sum = squares = 0
    least = pending[1]
    for (i = 1; i <= n; ++i) {
        if (pending[i] < least) least = pending[i]
        if ($i != pending[i]) { ++changed; which = i }
        sum += $i
        squares += $i * $i
    }
    mean = sum / n
    variance = squares / n - mean * mean
    if (changed != 1) fail(changed " workers changed")
    if ($which == pending[which] + 1) {
        if (policy == "round_robin" && which != turn % n + 1) fail("not the next in turn")
        if (policy != "round_robin" && pending[which] != least) fail("not the least loaded")
        if (policy == "safe" && $which != 1) fail("a worker that was full")
        turn = which
        ++given
    } else if ($which != pending[which] - 1 || $which < 0)
        fail("not one request")
    if (sum > most) fail("more requests than requesters")
    if (NF != n + 4 || $(n + 1) != "mean" || $(n + 3) != "variance") fail("format")
    if (far($(n + 2), mean) || far($(n + 4), variance)) fail("mean " mean ", variance " variance)
    if (NR * 2 > events) total += variance
    for (i = 1; i <= n; ++i) pending[i] = $i
}
END {
    if (failed) exit 1
    total /= events - int(events / 2)
    if (NR != events || !given) fail(NR " events")
    if (total < low || total > high) fail("the average variance is " total)
}' "$dir/out"
