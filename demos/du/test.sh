#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Adds up trees that it makes. Usage: test.sh total|progress|stop PROGRAM
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() {
    echo "$*:"
    cat "$dir/out" "$dir/err"
    exit 1
}
# total DIR...: what find and awk say.
total() { find "$@" -type f -printf '%s\n' | awk '{ ++n; s += $0 } END { printf "%d files  %d bytes\n", n, s }'; }

mkdir -p "$dir/tree"
case $1 in
total)
    # Links, a fifo, odd names, many directories, a directory that is not there.
    cd "$dir/tree"
    mkdir -p a/b/c 'with blanks' .hidden empty
    for i in $(seq 300); do mkdir -p "many/$((i % 7))/$i" && head -c "$i" /dev/zero >"many/$((i % 7))/$i/file"; done
    head -c 3000000 /dev/zero >a/b/c/large && : >nothing && printf x >'with blanks/ one ' && printf yy >.hidden/file
    ln a/b/c/large a/hard && ln -s b a/link && ln -s .. a/up && ln -s nowhere dangling && mkfifo fifo
    "$2" . </dev/null >"$dir/out" 2>"$dir/err"
    [ "$(cat "$dir/out")" = "$(total .)" ] && [ ! -s "$dir/err" ] || fail "not what find says, $(total .)"
    "$2" a many nowhere .hidden </dev/null >"$dir/out" 2>"$dir/err"
    [ "$(cat "$dir/out")" = "$(total a many .hidden)" ] && grep -q nowhere "$dir/err" || fail "not what find says, or no error"
    ;;
progress)
    # Of ten directories that lie in each other each is read after 50 ms; there is a tick each 100 ms.
    mkdir -p "$dir/tree/1/2/3/4/5/6/7/8/9" && printf abc >"$dir/tree/file"
    "$2" -v --pause 50 "$dir/tree" </dev/null >"$dir/out" 2>"$dir/err"
    [ "$(grep -cx '1 files  3 bytes so far' "$dir/out")" -gt 1 ] && [ "$(tail -n 1 "$dir/out")" = '1 files  3 bytes' ] || fail "no progress"
    ;;
stop)
    # A thousand directories that lie in each other would take 100 s.
    deep=$dir/tree
    for i in $(seq 1000); do deep=$deep/d; done
    mkdir -p "$deep" && printf abc >"$dir/tree/file"
    mkfifo "$dir/typed" "$dir/said"
    "$2" -v --pause 100 "$dir/tree" <"$dir/typed" >"$dir/said" 2>"$dir/err" &
    exec 3>"$dir/typed" 4<"$dir/said"
    while read -r line <&4 && [ "$line" != '1 files  3 bytes so far' ]; do :; done
    echo >&3
    cat <&4 >"$dir/out"
    wait $! && grep -qx stopped "$dir/out" && [ "$(tail -n 1 "$dir/out")" = '1 files  3 bytes' ] || fail "not stopped"
    ;;
esac
