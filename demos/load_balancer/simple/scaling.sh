#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# In virtual time N workers take an N-th of the time of one, results arrive shortest first, and the same
# holds for ten thousand workers. Usage: scaling.sh PROGRAM
set -eu
program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export HEDDLE_CLOCK=virtual

# took WORKERS JOBS: prints the milliseconds that the program took; its output is in $dir/out.
took() {
    "$program" --workers "$1" --jobs "$2" >"$dir/out" 2>"$dir/err"
    sed -n 's/^took \([0-9]*\) ms$/\1/p' "$dir/err"
}
fail() { echo "$*"; exit 1; }

one=$(took 1 40)
sum=$(awk '{ sum += $5 } END { print sum }' "$dir/out")
longest=$(awk '$5 > max { max = $5 } END { print max }' "$dir/out")
[ "$one" -eq "$sum" ] || fail "one worker took $one ms for $sum ms of work"

# A worker that is free takes the next job: the split is at most one job away from a perfect one.
for workers in 2 4 8; do
    ms=$(took $workers 40)
    [ $((ms * workers)) -ge "$sum" ] || fail "$workers workers took only $ms ms for $sum ms of work"
    [ $((ms * workers)) -le $((sum + workers * longest)) ] ||
        fail "$workers workers took $ms ms for $sum ms of work"
done

for workers in 40 10000; do
    ms=$(took $workers 40)
    [ "$ms" -eq "$longest" ] || fail "$workers workers took $ms ms, the longest job $longest ms"
    sort -c -s -n -k5,5 "$dir/out" || fail "not the shortest first"
done
