#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Talks to an echo server through nc. Usage: test.sh PROGRAM talk|exhaust
# Nothing here sleeps: each step waits for an effect of the step before, and ctest limits the time.
set -u
program=$1
nc -h 2>&1 | grep -q -e '-N' || { echo "skipped: needs nc with -N (netcat-openbsd)"; exit 77; }

dir=$(mktemp -d) || exit 1
cd "$dir" || exit 1
server=
mkfifo line errors heard gate trouble
exec 3<>gate 4<>trouble

# However the test ends, the server ends, and so does each client that waits at the gate.
finish() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    seq 20 >&3
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "$*"
    head log
    exit 1
}

# start PORT DESCRIPTORS: starts the server with so many descriptors, and waits until it prints its port.
start() {
    (ulimit -n "$2" && exec "$program" --port "$1") >line 2>errors 3<&- 4<&- &
    server=$!
    { read -r first && echo "$first" >&4 && echo "$first" && cat; } <errors >log &
    logger=$!
    read -r words <line
    port=${words##*:}
    expr "$port" : '[1-9][0-9]*$' >/dev/null || fail "no port in: $words"
}

# stop SIGNAL: the server must end with 0.
stop() {
    kill -"$1" "$server"
    wait "$server"
    status=$?
    server=
    wait "$logger"
    [ $status = 0 ] || fail "exit $status after SIG$1"
}

client() { nc -N 127.0.0.1 "$port"; }

# Bytes come back as they were sent, while another connection stays open to the end.
talk() {
    port=0
    for signal in TERM INT; do
        start "$port" 64
        { echo "here I stay" && read -r _ <&3; } | client >heard &
        idle=$!
        exec 5<heard
        read -r words <&5
        [ "$words" = "here I stay" ] || fail "came back: $words"

        head -c 300000 /dev/urandom >sent
        client <sent | cmp - sent || fail "not what was sent"
        "$program" --port "$port" >/dev/null 2>&1
        [ $? = 1 ] || fail "a second server took the same port, or did not say 1"

        stop $signal
        echo >&3
        wait $idle
        exec 5<&-
        [ ! -s log ] || fail "errors:"
    done
}

# With more connections than descriptors all are served in the end, and the server does not spin meanwhile.
exhaust() {
    began=$(date +%s%N)
    start 0 16
    clients=
    for i in $(seq 20); do
        { echo "$i" && read -r _ <&3; } | client >"out.$i" &
        clients="$clients $!"
    done
    read -r _ <&4
    for i in $(seq 20); do
        echo >&3
    done
    wait $clients
    for i in $(seq 20); do
        [ "$(cat "out.$i")" = "$i" ] || fail "connection $i was not served"
    done
    stop TERM
    elapsed=$((($(date +%s%N) - began) / 1000000))
    errors=$(wc -l <log)
    [ $(((errors - 1) * 100)) -le $elapsed ] || fail "$errors errors in $elapsed ms:"
}

"$2"
