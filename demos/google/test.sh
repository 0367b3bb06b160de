#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Each search prints one result of each kind (1.0 in order) and the time that it took, or, from 2.1 on,
# "timed out" and the results that came in time. After 1000 runs and more, in virtual time, the mean of the time
# and the part of the searches that have all results are as expected, to within 3 standard deviations
# of a mean of that many. A server takes U, uniform in 0..1 (of 100 ms); it has answered by t with
# probability t, the quicker one of two with f(t) = 1 - (1 - t)^2:
#   1.0  the sum of three U:    mean 3/2, variance 3/12
#   2.0  the largest of three:  mean 3/4, variance 3/5 - 9/16
#   2.1  that, or 0.8:          moments from P(> t) = 1 - t^3; all with probability 0.8^3 = 0.512
#   3.0  with f for t:          P(> t) = 1 - f(t)^3; all with probability f(0.8)^3 = 0.885
# Usage: test.sh VERSION RUNS PROGRAM
set -eu
version=$1 runs=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$@" --runs "$runs" >"$dir/out"
awk -v version="$version" -v runs="$runs" '
function fail(why) { print "line " NR ": " why; failed = 1; exit 1 }
function late(t) { return 1 - (version == "3_0" ? 1 - (1 - t) ^ 2 : t) ^ 3 }
# A mean is at most 3 standard deviations from the expected mean.
function check(what, mean, should, variance) {
    off = (mean - should) / sqrt(variance / runs)
    printf "%s: %.5f, expected %.5f: %.2f standard deviations\n", what, mean, should, off
    if (off > 3 || off < -3) fail(what)
}
/^(web|image|video) result for golang$/ {
    if (got[$1]++) fail("a result too many: " $0)
    if (version == "1_0" && $1 != (count == 0 ? "web" : count == 1 ? "image" : "video")) fail("order")
    ++count
    next
}
/^timed out$/ && version ~ /2_1|3_0/ { late_at = NR; next }
/^elapsed [0-9]+ us$/ {
    if (late_at ? count == 3 : count != 3) fail(count " results")
    if (late_at && $2 < 80000) fail("timed out too early")
    if (!late_at) ++all
    sum += $2 / 1e5
    ++n
    count = late_at = 0
    split("", got)
    next
}
{ fail($0) }
END {
    if (failed) exit 1
    if (n != runs) fail(n " searches")
    if (runs < 1000) exit
    if (version == "1_0") {
        mean = 3 / 2
        square = mean ^ 2 + 3 / 12
    } else {
        limit = version == "2_0" ? 1 : 0.8
        for (t = 0.00005; t < limit; t += 0.0001) {  # E X and E X^2, by the midpoint rule
            mean += late(t) * 0.0001
            square += 2 * t * late(t) * 0.0001
        }
        in_time = 1 - late(limit)
        if (limit < 1) check("all results", all / n, in_time, in_time * (1 - in_time))
    }
    check("time / 100 ms", sum / n, mean, square - mean ^ 2)
}' "$dir/out"
