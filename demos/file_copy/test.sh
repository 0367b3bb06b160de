#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Files of many sizes are copied byte for byte, and errors have words. Usage: test.sh PROGRAM
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/from" "$dir/to"
for size in 0 1 4095 4096 4097 65536 1000000 20000000; do
    head -c $size /dev/urandom >"$dir/from/$size"
done
for block in 4096 65536 999983; do
    echo "too long, so that it must be cut" >"$dir/to/0"
    "$1" --block $block "$dir"/from/* "$dir/to" >"$dir/said"
    diff -r "$dir/from" "$dir/to"
    grep -q "20000000 bytes$" "$dir/said"
    [ "$(wc -l <"$dir/said")" = 8 ]
done
for wrong in "$dir/nothing $dir/to" "$dir/from/1 $dir/nowhere" "$dir/from $dir/to"; do
    # shellcheck disable=SC2086
    ! "$1" $wrong 2>"$dir/error" || { echo "copied: $wrong"; exit 1; }
    grep -q '^file_copy: ' "$dir/error" || { cat "$dir/error"; exit 1; }
done
