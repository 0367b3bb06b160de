#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The scheduler decides the order of such a demo: a seed gives the same order each time, but not all of 20
# seeds give the same order. Usage: orders.sh PROGRAM ARGUMENTS...
set -eu
first=
for seed in $(seq 20); do
    order=$(HEDDLE_SEED=$seed "$@")
    again=$(HEDDLE_SEED=$seed "$@")
    [ "$order" = "$again" ] || {
        printf 'two orders with HEDDLE_SEED=%s:\n%s\nand\n%s\n' "$seed" "$order" "$again"
        exit 1
    }
    [ -n "$first" ] || first=$order
    [ "$order" = "$first" ] || differs=yes
done
[ -n "${differs-}" ] || {
    printf 'the same order with each of 20 seeds:\n%s\n' "$first"
    exit 1
}
