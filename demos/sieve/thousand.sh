#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The first thousand primes, up to 7919, are those that factor finds. Usage: thousand.sh PROGRAM
set -eu
primes=$(mktemp)
trap 'rm -f "$primes"' EXIT
# A prime is its own only factor.
seq 2 7919 | factor | sed -n 's/^[0-9]*: \([0-9]*\)$/\1/p' >"$primes"
[ "$(wc -l <"$primes")" = 1000 ]
sh check.sh exact "$primes" "$1" -n 1000
