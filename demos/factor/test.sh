#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The numbers 1000 to 1099 have the factors that the command factor finds. Usage: test.sh PROGRAM ARGUMENTS...
set -eu
expected=$(mktemp)
trap 'rm -f "$expected"' EXIT
seq 1000 1099 | factor >"$expected"
sh check.sh set "$expected" "$@"
