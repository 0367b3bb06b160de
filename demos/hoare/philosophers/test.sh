#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# In a room with less than five places each philosopher eats three times, and no two neighbours at the same
# time; in a room with one place no two philosophers. In a room with five places all hold one fork and wait for
# the other: a deadlock, whose report lists them. Usage: test.sh PLACES PROGRAM
set -eu
places=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$2" --room "$places" >"$dir/out" 2>"$dir/err" && status=0 || status=$?
if [ "$places" = 5 ]; then
    waiting=$(grep -Ec 'philosopher [0-4]\) waits to send on `fork [0-4]`|^main\.philosopher' "$dir/err" || true)
    grep -q deadlock "$dir/err" && [ "$status" = 2 ] && [ "$waiting" = 5 ] && [ ! -s "$dir/out" ] || {
        echo "exit $status, $waiting wait:"
        cat "$dir/out" "$dir/err"
        exit 1
    }
    exit
fi
[ "$status" = 0 ] || { cat "$dir/err"; exit 1; }
awk -v places="$places" '
function fail(why) { print "line " NR ": " why ": " $0; failed = 1; exit 1 }
!/^philosopher [0-4] (eats|has eaten)$/ { fail("unexpected") }
$3 == "eats" {
    if (eats[$2] || eats[($2 + 1) % 5] || eats[($2 + 4) % 5]) fail("a fork is used twice")
    eats[$2] = 1
    if (++at_once > 1 && places == 1) fail("nobody else has a place")
    next
}
{
    if (!eats[$2]) fail("did not eat")
    eats[$2] = 0
    --at_once
    ++meals[$2]
}
END {
    for (i = 0; i < 5 && !failed; ++i)
        if (meals[i] != 3) { print "philosopher " i " has eaten " meals[i] + 0 " times"; exit 1 }
    exit failed
}' "$dir/out"
