#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Sends requests through curl, and through nc where curl cannot send them. Usage: test.sh PROGRAM [THREADS]
# Nothing here sleeps: each step waits for an effect of the step before, and ctest limits the time.
set -u
program=$1
threads=${2-}
ulimit -n 4096 2>/dev/null # where it is allowed
curl --help all 2>/dev/null | grep -q -e --parallel-immediate || { echo "skipped: needs curl with --parallel-immediate"; exit 77; }
nc -h 2>&1 | grep -q -e '-N' || { echo "skipped: needs nc with -N (netcat-openbsd)"; exit 77; }

dir=$(mktemp -d) || exit 1
cd "$dir" || exit 1
server=
mkfifo line
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

# Starts the server, and waits until it prints its port.
start() {
    "$program" --port 0 >line 2>log &
    server=$!
    read -r words <line
    url=http://127.0.0.1:${words##*:}
    expr "$url" : '.*:[1-9][0-9]*$' >/dev/null || fail "no port in: $words"
}

# stop SIGNAL: the server must end with 0.
stop() {
    kill -"$1" "$server"
    wait "$server"
    status=$?
    server=
    [ $status = 0 ] || fail "exit $status after SIG$1"
}

# expect WANTED CURL-ARGUMENTS...: the answer, its status and its type are WANTED.
expect() {
    wanted=$1
    shift
    got=$(curl -s --noproxy '*' -w ' %{http_code} %{content_type}' "$@" | tr -d '\n' | sed 's/; charset=utf-8$//')
    [ "$got" = "$wanted" ] || fail "$*: $got, expected: $wanted"
}

# raw WANTED REQUEST: the first line of the answer is WANTED; REQUEST is in the format of printf.
raw() {
    got=$(printf "$2" | nc -N 127.0.0.1 "${url##*:}" | tr -d '\r' | head -n 1)
    [ "$got" = "$1" ] || fail "raw: $got, expected: $1"
}

start
expect 'hello 200 text/plain' "$url/hello"
expect '{"count": 1} 200 application/json' "$url/count"
expect '{"count": 2} 200 application/json' "$url/count"
expect '{"square": 49} 200 application/json' "$url/square?n=-7"
expect 'SOME WORDS 200 text/plain' -d 'some words' "$url/upper"
expect 'IN CHUNKS 200 text/plain' -H 'Transfer-Encoding: chunked' -d 'in chunks' "$url/upper"
expect 'Not Found 404 text/plain' "$url/"
expect 'Not Found 404 text/plain' "$url/hello/again"
expect 'Bad Request 400 text/plain' "$url/square?n=7x"
expect 'Bad Request 400 text/plain' "$url/square?n=99999999999"
expect 'Bad Request 400 text/plain' "$url/square"
expect 'Method Not Allowed 405 text/plain' -X POST "$url/hello"
expect 'Method Not Allowed 405 text/plain' "$url/upper"
curl -s --noproxy '*' -D - -o body "$url/upper" | grep -qi '^allow: POST' || fail "405 does not say what is allowed"

head -c 20000 /dev/zero | tr '\0' a >long
[ "$(curl -s --noproxy '*' -o body -w '%{http_code}' -H "X-Long: $(cat long)" "$url/hello")" = 431 ] ||
    fail "a header of 20000 bytes is not refused"
head -c 65536 /dev/zero | tr '\0' a >largest
(cat largest && echo) >larger
[ "$(curl -s --noproxy '*' --data-binary @largest "$url/upper")" = "$(tr a A <largest)" ] || fail "65536 bytes did not come back"
for how in 'X-How: by length' 'Transfer-Encoding: chunked'; do
    [ "$(curl -s --noproxy '*' -o body -w '%{http_code}' -H "$how" --data-binary @larger "$url/upper")" = 413 ] ||
        fail "65537 bytes are not refused ($how)"
done

raw 'HTTP/1.1 400 Bad Request' 'nonsense\r\n\r\n'
raw 'HTTP/1.1 400 Bad Request' 'GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n'
raw 'HTTP/1.1 400 Bad Request' 'POST /upper HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n'

# A connection has two requests: one after the other, and both at once. Then a peer asks to close it.
connects=$(curl -s --noproxy '*' -o body -o body -w '%{num_connects} ' "$url/hello" "$url/hello")
[ "$connects" = '1 0 ' ] || fail "connections made for two requests: $connects"
answers=$(printf 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /square?n=3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    nc 127.0.0.1 "${url##*:}" | grep -e '^hello' -e '^{' | paste -sd ' ')
[ "$answers" = 'hello {"square": 9}' ] || fail "two requests in one packet: $answers"

# A thousand requests at once take 100 ms each: even a tenth of a hundred seconds would be slow.
began=$(date +%s%N)
for each in 'hello?' 'count?' 'square?n=' 'upper?'; do
    data=
    [ "$each" = 'upper?' ] && data='-d up'
    curl --no-progress-meter --noproxy '*' $data --parallel --parallel-immediate --parallel-max 250 "$url/$each[1-250]" >"out.$each" &
    clients="${clients-} $!"
done
wait $clients
elapsed=$((($(date +%s%N) - began) / 1000000))
[ "$(grep -c '^hello$' out.hello\?)" = 250 ] || fail "hello: $(wc -l <out.hello\?) answers"
seq 3 252 | sed 's/.*/{"count": &}/' >wanted
sort -n -k2 out.count\? | diff wanted - || fail "count: not each number once"
seq 250 | awk '{ print "{\"square\": " $1 * $1 "}" }' >wanted
sort -n -k2 out.square\?n= | diff wanted - || fail "square: not each square once"
[ "$(grep -o UP out.upper\? | wc -l)" = 250 ] || fail "upper: $(cat out.upper\?)"
[ $elapsed -lt 10000 ] || fail "a thousand requests took $elapsed ms"
[ -z "$threads" ] || [ "$(ls "/proc/$server/task" | wc -l)" = "$threads" ] || fail "not $threads thread"
echo "a thousand requests of 100 ms took $elapsed ms"

"$program" --port "${url##*:}" >/dev/null 2>&1
[ $? = 1 ] || fail "a second server took the same port, or did not say 1"
stop TERM
start
stop INT
