#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# A hundred thousand tasks are alive at once; each takes less memory than the smallest stack of a goroutine.
# Usage: cheap.sh PROGRAM
set -eu
n=100000
out=$("$1" -n $n 2>&1)
printf '%s\n' "$out"
printf '%s\n' "$out" | awk -v n=$n '
    NF == 1 { answer = $1 }
    /^took [0-9]+ ms, [0-9]+ bytes for each task$/ { bytes = $4 }
    END { exit !(answer == n + 1 && bytes > 0 && bytes < 2048) }'
