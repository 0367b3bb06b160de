#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Talks to the server through Redis's own client and benchmark. Usage: redis.sh PROGRAM
command -v redis-cli redis-benchmark >/dev/null || { echo "skipped: needs redis-cli, redis-benchmark (redis-tools)"; exit 77; }
dir=$(mktemp -d) || exit 1
mkfifo "$dir/line"
"$1" --port 0 >"$dir/line" &
server=$!
trap 'kill -KILL $server 2>/dev/null; rm -rf "$dir"' EXIT
read -r words <"$dir/line"
port=${words##*:}

fail() { echo "$*"; exit 1; }
expect() { # WANTED COMMAND...
    wanted=$1
    shift
    got=$(timeout 10 redis-cli -p "$port" "$@" | tr '\n' ' ')
    [ "$got" = "$wanted " ] || fail "$*: $got, expected: $wanted"
}
expect PONG PING
expect OK SET greeting 'hello, world'
expect 'hello, world' GET greeting
expect 1 DEL greeting
expect '' GET greeting
expect 0 PUBLISH nobody listens
expect "ERR unknown command 'FLUSHALL', with args beginning with:  " FLUSHALL
expect "ERR wrong number of arguments for 'get' command " GET
expect 'OK' SET greeting hello EX 100 NX
expect '' SET greeting hello EX 100 NX
expect '' -3 GET none
expect '1' -3 DEL greeting none
expect 'a b' -3 ECHO 'a b'

# It loads much at once.
seq 10000 | sed 's/.*/SET key:& value:&\r/' | timeout 20 redis-cli -p "$port" --pipe >"$dir/pipe" || fail "--pipe: $(cat "$dir/pipe")"
grep -qx 'errors: 0, replies: 10000' "$dir/pipe" || fail "--pipe: $(cat "$dir/pipe")"
expect value:9999 GET key:9999

timeout 40 redis-benchmark -p "$port" -q -n 20000 -c 50 -P 16 -t ping_inline,set,get >"$dir/out" 2>"$dir/err" || fail "redis-benchmark: $(cat "$dir/err")"
tr '\r' '\n' <"$dir/out" | grep 'requests per second' | tee "$dir/rates"
[ "$(wc -l <"$dir/rates")" = 3 ] || fail "not three results: $(cat "$dir/out" "$dir/err")"
kill -TERM $server
wait $server || fail "exit $?"
