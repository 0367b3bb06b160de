#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Each of four orders is made once, and then the cup is printed. MODE garbage: the cup is none of the
# orders, but each letter is at its place in one of them. MODE whole: the cup is the order made last.
# MODE fifo: moreover, the orders are made in the order in which the customers gave them.
# Usage: test.sh MODE PROGRAM
set -eu
mode=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$@" >"$dir/out"
awk -v mode="$mode" '
function fail(why) { print why; failed = 1; exit 1 }
BEGIN {
    n = split("cappuccino,flat white,espresso,latte", order, ",")
    for (i = 1; i <= n; ++i) is_order[order[i]] = 1
}
sub(/^making /, "") { made[++makes] = $0; next }
sub(/^ordered /, "") { asked[++asks] = $0; next }
{ sub(/ *$/, ""); cup = $0; ++cups }
END {
    if (failed) exit 1
    if (cups != 1 || makes != n) fail(makes " orders, " cups " cups")
    for (i = 1; i <= n; ++i)
        if (!is_order[made[i]] || count[made[i]]++) fail("made " made[i])
    if (mode == "fifo")
        for (i = 1; i <= n; ++i)
            if (asked[i] != made[i]) fail(asked[i] " was ordered, " made[i] " was made")
    if (mode != "garbage") {
        if (cup != made[n]) fail(cup " in the cup")
        exit
    }
    if (is_order[cup]) fail(cup " is an order")
    for (place = 1; place <= length(cup); ++place) {
        for (i = 1; i <= n; ++i)
            if (substr(order[i], place, 1) == substr(cup, place, 1)) break
        if (i > n) fail("nobody wrote this letter of " cup ": " place)
    }
}' "$dir/out"
