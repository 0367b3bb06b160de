#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Checks how many tasks a pipeline leaves behind: it prints the square of an input, then the number of tasks.
# Over 20 seeded schedules exactly the numbers in LEFT must occur.
#   leaks.sh LEFT INPUTS PROGRAM [OPTIONS]
set -eu
left=$1
inputs=$2
shift 2
squares=$(echo "$inputs" | tr , '\n' | awk '{ print $1 * $1 }' | paste -sd '|')

seen=$(
    for seed in $(seq 20); do
        HEDDLE_CLOCK=virtual HEDDLE_SEED=$seed "$@" --in "$inputs" | paste -sd ' '
    done
)
if echo "$seen" | grep -Evx "($squares) left [0-9]+"; then
    echo "is not one of $squares, and how many tasks are left"
    exit 1
fi
numbers=$(echo "$seen" | sed 's/.* //' | sort -nu | paste -sd ' ')
[ "$numbers" = "$left" ] || {
    echo "left over in 20 schedules: $numbers, expected $left"
    exit 1
}
