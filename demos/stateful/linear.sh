#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# A read gives the value of the last write: not an older value than that of a write, or of a read of the same
# key, that had ended when the read began; and none whose write had not begun when the read ended.
# Usage: linear.sh PROGRAM
set -eu
"$1" --log | awk '
function fail(why) { print "line " NR ": " why ": " $0; failed = 1; exit 1 }
$1 == "writer" && $3 == "sets" { if ($4 != ++begun[$2]) fail("not the next value"); next }
$1 == "writer" && $3 == "has" {
    if ($5 != begun[$2]) fail("no such write")
    if (least[$2] < $5) least[$2] = $5
    ++writes
    next
}
$1 == "reader" && $3 == "asks" { key[$2] = $5; from[$2] = least[$5] + 0; next }
$1 == "reader" && $3 == "gets" {
    k = key[$2]
    if ($4 < from[$2]) fail("an old value of " k ", which was at least " from[$2])
    if ($4 > begun[k] + 0) fail("a value of " k " that nobody wrote")
    if (least[k] < $4) least[k] = $4
    if ($4 > 0) ++known
    ++reads
    next
}
$0 == "1000 reads, 100 writes, and no lock" { ++ends; next }
{ fail("unexpected") }
END {
    if (failed) exit 1
    if (reads != 1000 || writes != 100 || ends != 1 || !known) fail(reads " reads, " writes " writes, " known " of a value")
}'
