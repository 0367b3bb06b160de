#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Digests trees that it makes. It works for root too: a file that cannot be read has a path that is too long
# for every user. Usage:
#   test.sh table PROGRAM [OPTIONS]    has the output of find, sort and md5sum
#   test.sh error PROGRAM [OPTIONS]    an error, exit 1, no table; heddle's programs also: the walk stops
#   test.sh memory PARALLEL BOUNDED    a task for each file holds more memory than -j digesters
#   test.sh early PROGRAM              a program that asks for the walk's error too early waits for ever
set -eu
what=$1
program=$2
shift 2
fail() {
    echo "$*"
    head -c 2000 "$dir/err" 2>/dev/null
    exit 1
}
LC_ALL=C
export LC_ALL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/tree"
cd "$dir/tree"

# many N BYTES: makes N files of BYTES bytes.
many() { head -c $(($1 * $2)) /dev/zero | split -a 4 -b "$2" - 'file '; }

# stat WORDS: prints the number before WORDS in the output of --stats.
stat() { sed -n "s/^begun.*[ ]\([0-9]*\) $1.*/\1/p" "$dir/err"; }

case $what in
table)
    mkdir -p a/b/c .hidden 'with blanks' empty a.b a-b
    printf x >a/x && printf y >a.b/x && printf z >a-b/x && : >nothing && printf dash >-n
    printf 1 >'with blanks/ one ' && printf 2 >"$(printf 'new\nline')" && printf 3 >'back\slash' && printf 4 >"$(printf 'ret\rurn')"
    printf 5 >"$(printf 'n\303\244me')" && printf 6 >"$(printf 'no utf-8: \377')" && printf 7 >.hidden/file && printf 8 >'*'
    head -c 3000000 /dev/urandom >a/b/c/large && head -c 4096 /dev/urandom >a/b/page
    ln a/x a/hard && ln -s x a/soft && ln -s b a/dir && ln -s nowhere dangling && ln -s .. a/up && mkfifo fifo
    many 50 100
    for root in "$dir/tree" "$dir/tree/a/x"; do
        find "$root" -type f -print0 | sort -z | xargs -0 md5sum >"$dir/want"
        "$program" "$@" "$root" >"$dir/out" 2>"$dir/err" || fail "exit $?"
        diff "$dir/want" "$dir/out" || fail "not the table"
    done
    for root in "$dir/tree/empty" "$dir/tree/a/soft" "$dir/tree/a/dir" "$dir/tree/fifo"; do
        [ -z "$("$program" "$@" "$root")" ] || fail "something in $root"
    done
    if [ "${1-}" = -j ]; then
        "$program" --stats "$@" "$dir/tree" >/dev/null 2>"$dir/err"
        [ "$(stat open)" -ge 1 ] && [ "$(stat open)" -le "$2" ] || fail "not at most $2 files open"
    fi
    ;;
error)
    wrong() {
        "$program" "$@" >"$dir/out" 2>"$dir/err" && fail "no error"
        [ $? = 1 ] && [ ! -s "$dir/out" ] && grep -qi "^md5_tree: .*$reason" "$dir/err" || fail "not only: $reason"
    }
    reason='no such file'
    wrong "$@" "$dir/nowhere"

    many 50 100
    length=$(pwd | wc -c)
    while [ "$length" -lt 4000 ]; do # of 4096
        part=$((4000 - length))
        part=$(head -c $((part > 201 ? 200 : part - (part > 1))) /dev/zero | tr '\0' d)
        mkdir "$part"
        cd "./$part"
        length=$((length + 1 + ${#part}))
    done
    reason='file name too long'
    name=$(head -c 200 /dev/zero | tr '\0' f)
    for i in $(seq 1000); do : >"$name$i"; done
    wrong "$@" "$dir/tree"
    if "$program" --stats "$dir/nowhere" 2>&1 | grep -q '^begun'; then
        # Of a thousand files that cannot be read, and fifty that can, few were begun.
        wrong --stats "$@" "$dir/tree"
        [ "$(sed -n 's/^begun: \([0-9]*\) .*/\1/p' "$dir/err")" -le 500 ] || fail "the walk went on"
    fi
    ;;
memory)
    many 2000 9999
    "$1" --stats -j 4 "$dir/tree" >"$dir/bounded" 2>"$dir/err"
    bounded=$(stat 'bytes in memory')
    [ "$bounded" -gt 0 ] && [ "$bounded" -le 40000 ] || fail "4 digesters held $bounded bytes of files that need 10000 each"
    "$program" --stats "$dir/tree" >"$dir/parallel" 2>"$dir/err"
    parallel=$(stat 'bytes in memory')
    [ "$parallel" -gt 80000 ] || fail "a task for each of 2000 files held but $parallel bytes"
    cmp "$dir/bounded" "$dir/parallel"
    ;;
early)
    many 50 100
    "$program" --too-early -j 3 "$dir/tree" >"$dir/out" 2>"$dir/err" && fail "no error"
    [ $? = 2 ] && [ ! -s "$dir/out" ] && grep -q deadlock "$dir/err" || fail "no deadlock"
    [ "$(grep -Ec 'waits in a select|\[select' "$dir/err")" = 4 ] || fail "not 3 digesters and the walk"
    ;;
esac
