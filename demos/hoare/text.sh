#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compares the output of a program that reads and prints text with that of sed, awk and fold.
# Usage: text.sh copy|squash|disassemble|assemble|reformat|conway PROGRAM ARGUMENTS...
set -eu
mode=$1
shift
LC_ALL=C
export LC_ALL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Prints what the program should for $1.
expected() {
    case $mode in
    copy) cat "$1" ;;
    squash) sed 's/\*\*/^/g' "$1" ;;
    disassemble) awk '{ printf "%-80.80s ", $0 }' "$1" ;;
    assemble) tr -d '\n' <"$1" | lines ;;
    reformat) awk '{ printf "%-80.80s ", $0 }' "$1" | lines ;;
    conway) awk '{ printf "%-80.80s ", $0 }' "$1" | sed 's/\*\*/^/g' | lines ;;
    esac
}
lines() { fold -b -w 125 | awk '{ printf "%-125s\n", $0 }'; }

check() {
    "$program" "$@" <"$dir/in" >"$dir/out"
    expected "$dir/in" >"$dir/want"
    cmp "$dir/out" "$dir/want" || {
        echo "for the input:"
        cat -v "$dir/in"
        exit 1
    }
}

program=$1
shift
: >"$dir/in"
check "$@"
printf '*' >"$dir/in"
check "$@"
printf 'a**b***c****\n\n*\n**\n*' >"$dir/in"
check "$@"
# Lines that are as long as a card, a line, shorter by one, longer by one; and a file with asterisks.
for length in 79 80 81 124 125 126 250 1; do
    printf "%${length}s\n" x | tr ' ' '*'
done >"$dir/in"
check "$@"
cat hoare/text.sh >"$dir/in"
check "$@"
if [ "$mode" = copy ]; then
    head -c 10000 /dev/urandom >"$dir/in"
    check "$@"
fi
