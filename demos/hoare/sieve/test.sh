#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The primes below LIMIT are the numbers that factor finds to be their own only factor. Usage: test.sh LIMIT PROGRAM
set -eu
primes=$(mktemp)
trap 'rm -f "$primes"' EXIT
seq 2 $(($1 - 1)) | factor | sed -n 's/^[0-9]*: \([0-9]*\)$/\1/p' >"$primes"
sh check.sh exact "$primes" "$2" --below "$1"
