#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Fetches files from a gopher_web through curl. Usage: test.sh PROGRAM
# Nothing here sleeps: each step waits for an effect of the step before, and ctest limits the time.
set -u
program=$1
for tool in curl nc; do
    command -v $tool >/dev/null || { echo "skipped: needs $tool"; exit 77; }
done

dir=$(mktemp -d) || exit 1
cd "$dir" || exit 1
server=
mkfifo line slow
finish() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
fail() {
    echo "$*"
    cat log
    exit 1
}

# start FILE: starts the server, and waits until it prints its port.
start() {
    "$program" --port 0 "$1" >line 2>log &
    server=$!
    read -r words <line
    port=${words##*:}
    expr "$port" : '[1-9][0-9]*$' >/dev/null || fail "no port in: $words"
    descriptors=$(open_now)
}

open_now() { ls "/proc/$server/fd" | wc -l; }

# stop SIGNAL: the server must end with 0.
stop() {
    kill -"$1" "$server"
    wait "$server"
    status=$?
    server=
    [ $status = 0 ] || fail "exit $status after SIG$1"
}

fetch() { curl -sS --noproxy '*' --max-time 30 "http://127.0.0.1:$port/"; }

# The sizes are about those of one cart and of all four; one is beyond the buffers of a connection.
for bytes in 0 1 4095 4096 4097 16384 16385 20000000; do
    head -c $bytes /dev/urandom >book
    start book
    fetch >burnt || fail "curl ended with $?"
    cmp book burnt || fail "$bytes bytes: not what was sent"
    [ $bytes = 20000000 ] || stop TERM
done

# One client does not read, while another gets the whole file; then the first goes on, and a third leaves early.
printf 'GET / HTTP/1.0\r\n\r\n' | nc 127.0.0.1 "$port" >slow &
idle=$!
exec 3<slow
read -r words <&3
case $words in *" 200 OK"*) ;; *) fail "answered: $words" ;; esac
fetch | cmp book - || fail "a slow client held up another"
printf 'GET / HTTP/1.0\r\n\r\n' | nc 127.0.0.1 "$port" | head -c 5000 >early
[ "$(wc -c <early)" = 5000 ] || fail "nothing for who leaves early"
fetch | cmp book - || fail "who left early held up another"
tail -c 20000000 <&3 | cmp book - || fail "the slow client did not get what was sent"
exec 3<&-
wait $idle

# The file is gone, and then it is there again.
mv book away
[ "$(curl -s --noproxy '*' -o body -w '%{http_code}' "http://127.0.0.1:$port/")" = 500 ] || fail "no word about a file that is gone"
grep -q 'book' log || fail "nothing in the log about a file that is gone"
mv away book
fetch | cmp book - || fail "a file that is there again is not sent"
until [ "$(open_now)" = "$descriptors" ]; do :; done # otherwise a socket or a file is kept for ever

"$program" --port "$port" book >/dev/null 2>&1
[ $? = 1 ] || fail "a second server took the same port, or did not say 1"
"$program" not_there >/dev/null 2>errors
[ $? = 1 ] && grep -q '^gopher_web: .*not_there' errors || fail "no word about a file that is not there"
"$program" . >/dev/null 2>&1
[ $? = 1 ] || fail "a folder is no file"
stop INT
