#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# map_reduce counts the words of real files as tr, sort and uniq -c do, for each number of mappers and
# reducers, each order and each seed. Usage: test.sh PROGRAM FILE...
set -eu
program=$1
shift
LC_ALL=C
export LC_ALL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "$*"; exit 1; }

: >"$dir/empty"
printf 'no newline at the end' >"$dir/short"
head -c 50000 /dev/urandom >"$dir/random"
head -c 9000 /dev/zero | tr '\0' w >"$dir/word" # one word, longer than two pieces
set -- "$@" "$dir/empty" "$dir/short" "$dir/random" "$dir/word"

for file; do
    cat "$file"
    echo
done | tr -cs A-Za-z '\n' | tr A-Z a-z | grep . | sort | uniq -c >"$dir/want"
for counts in '-m 8 -r 4' '-m 1 -r 1' '-m 3 -r 7' '-m 50 -r 2'; do
    "$program" $counts "$@" | cmp - "$dir/want" || fail "$counts"
done
for seed in 1 2 3 4 5; do
    HEDDLE_SEED=$seed "$program" "$@" | cmp - "$dir/want" || fail "HEDDLE_SEED=$seed"
done
"$program" "$dir/empty" | cmp - /dev/null || fail "words in an empty file"

"$program" "$dir/short" "$dir/none" >"$dir/out" 2>"$dir/err" && fail "no error for a file that is not there"
[ $? = 1 ] && [ ! -s "$dir/out" ] && grep -q "^map_reduce: .*$dir/none" "$dir/err" || fail "not only an error"
