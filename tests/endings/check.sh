#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs a mode of main.cpp, and checks its exit code and its output on stderr. Usage: check.sh PROGRAM MODE [EMULATOR]
#   EMULATOR is a command that runs PROGRAM, with its arguments in one word.
set -u
program=$1 mode=$2 emulator=${3-}
dir=$(mktemp -d) || exit 1
server=
finish() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
ulimit -c 0
failed=0

fail() {
    echo "$mode: $*"
    failed=1
}
# ran CODE: runs the program, which must exit with CODE. It exits 77 if the standard library lacks what the mode needs.
ran() {
    # shellcheck disable=SC2086
    $emulator "$program" "${2-$mode}" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status != 77 ] || { echo "skipped: this standard library has no std::stop_token"; exit 77; }
    [ $status = "$1" ] || fail "exit $status, not $1"
}
said() { grep -Eq -e "$1" "$dir/err" || fail "stderr lacks: $1"; }
lines() { [ "$(wc -l <"$dir/err")" = "$1" ] || fail "stderr has not $1 lines"; }

# start: starts the server, and returns when it prints that it waits. A background job of a shell ignores SIGQUIT and SIGINT, so
# `env` restores the default.
start() {
    mkfifo "$dir/out" "$dir/err"
    # shellcheck disable=SC2086
    env --default-signal=QUIT,INT $emulator "$program" "$mode" >"$dir/out" 2>"$dir/err" &
    server=$!
    exec 3<"$dir/out" 4<"$dir/err"
    read -r word <&3
    [ "$word" = ready ] || fail "said: $word"
}
ended() {
    wait "$server"
    status=$?
    server=
    [ $status = "$1" ] || fail "exit $status, not $1"
}

case $mode in
deadlock)
    ran 2
    printed='from iostream|from stdio|'
    [ "$(sort "$dir/out" | tr '\n' '|')" = "$printed" ] || fail "what was printed before is lost"
    said '^heddle: deadlock: every task waits, .*; if a thread outside will, keep a heddle::external_producer while it may$'
    said '^task 1 \(main\) waits for task 2 to end$'
    said '^task [23] \(consumer\) waits to receive on `jobs`: no task holds a sender$'
    lines 5
    ;;
caught)
    ran 0
    lines 0
    ;;
other)
    ran 134  # SIGABRT
    said 'something else'
    ;;
cancelled | cancelled_on_context)
    ran 134
    said '^heddle: heddle::cancelled left task 1 \(main\), and nobody caught it; a wait of task 2 was cancelled, because of: no longer wanted; catch it where'
    ;;
cancelled_in_future)
    ran 134
    said '^heddle: heddle::cancelled left a task or a join, and nobody caught it; a wait of task 1 was cancelled, because of: heddle: done token closed; catch it where'
    ;;
timed_out)
    ran 134
    said '^heddle: an exception left task 1 \(worker\), and nobody caught it: heddle: with_timeout: a call of task 1 \(worker\) took longer than 1ms'
    ;;
detached)
    ran 134
    said '^heddle: an exception left task 2 \(loader\), and nobody caught it: no such file$'
    ;;
leak)
    ran 0
    lines 0
    export HEDDLE_STATS=1
    ran 0
    said '^heddle: 4 tasks started, 2 left, 0 values undelivered$'
    said '^task 2 \(acceptor\) waits for an Asio operation$'
    said '^task [23] \(consumer\) waits to receive on `jobs`: no task holds a sender$'
    lines 5
    ;;
threads)
    export HEDDLE_STATS=1
    ran 0
    said '^heddle: 1001 tasks started, 0 left, 0 values undelivered$'
    lines 1
    ;;
quit)
    start
    for dumps in 1 2 3; do
        kill -QUIT "$server"
        read -r line <&4
        [ "$line" = 'task 1 (server) waits for an Asio operation' ] || fail "dump: $line"
        read -r line <&4
    done
    kill -TERM "$server"
    read -r word <&3
    [ "$word" = stopped ] || fail "after the dumps: $word"
    ended 0
    ! read -r line <&4 || fail "and then: $line"
    ;;
no_quit)
    start
    kill -QUIT "$server"
    ended 131
    ;;
signals_*)  # signals_[OPTION_]FIRST_SECOND: the second signal comes when the first has been seen
    start
    first=${mode#signals_} && first=${first#caught_} && first=${first#end_}
    kill -"${first%_*}" "$server"
    read -r word <&3
    [ "$word" = stopping ] || fail "after the first signal: $word"
    kill -"${first#*_}" "$server"
    case $mode in
    signals_*_INT) [ $mode = signals_caught_INT_INT ] || ends_by=130 ;;
    signals_end_*) ends_by=143 ;;
    esac
    # A signal that is not caught has ended the program before this one, which comes after it.
    kill -USR1 "$server" 2>/dev/null || true
    word=
    read -r word <&3 || true
    if [ -n "${ends_by-}" ]; then
        [ -z "$word" ] || fail "after the second signal: $word"
        ended "$ends_by"
    else
        [ "$word" = stopped ] || fail "after the second signal: $word"
        ended 0
    fi
    ;;
same_host)
    ran 134
    said 'a same_host channel is used by a second host'
    ;;
by_task)
    ran 134
    said '^heddle: task 1 \(builder\), or a destructor or stop callback that it called, destroys the execution context that runs it'
    said 'destroy a context when nothing of it runs any more: after run\(\) or join\(\) has returned$'
    ;;
by_*)  # any other code that runs inside the context
    ran 134
    said '^heddle: (task [0-9]+|a handler), or a destructor or stop callback that it called, destroys'
    ;;
*) fail "no such mode" ;;
esac

[ $failed = 0 ] || [ ! -f "$dir/err" ] || cat "$dir/err"
exit $failed
