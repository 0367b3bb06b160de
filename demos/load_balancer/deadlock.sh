#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The program ends with a report of a deadlock and exit code 2. The report names the cycle: the balancer
# sends to a worker that sends to the balancer. It also lists all requesters.
# Usage: deadlock.sh PROGRAM
set -eu
report=$("$1" 2>&1) && status=0 || status=$?
# lists REGEX [N]: REGEX matches N lines of the report.
lists() {
    found=$(printf '%s\n' "$report" | grep -Ecx -e "$1" || true)
    [ "$found" = "${2-1}" ] && return
    printf '%s\nfound %s times: %s\n' "$report" "$found" "$1"
    exit 1
}
[ "$status" = 2 ] || lists "exit code 2, not $status"
case $report in
fatal*)
    lists 'fatal error: all goroutines are asleep - deadlock!'
    report=$(printf '%s\n' "$report" |
        sed -n '/^goroutine .*:$/{N;s/^[^[]*\(.*\):\n\([^(]*([^)]*)[^(]*\).*/\1 \2/p}')
    lists '\[chan send\] main\.\(\*balancer\)\.dispatch'
    lists '\[chan send\] main\.work\(.*\)' 2
    lists '\[chan (send|receive)\] main\.requester.*' 4
    ;;
*)
    lists 'heddle: deadlock: .*'
    worker=$(printf '%s\n' "$report" |
        sed -n 's/.* (balancer) waits to send on `requests of \(worker .*\)`$/\1/p')
    lists "task [0-9]+ \\($worker\\) waits to send on \`done, read by the balancer\`"
    to_send='send on `work, read by the balancer`'
    to_receive='receive on `replies to requester [0-3]`'
    lists "task [0-9]+ \\(requester [0-3]\\) waits to ($to_send|$to_receive)" 4
    ;;
esac
