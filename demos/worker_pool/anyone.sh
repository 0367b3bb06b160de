#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs PROGRAM [ARGS], and writes W for the number of a worker, from 1 to 3.
out=$("$@") && printf '%s\n' "$out" | sed 's/^Worker [123] /Worker W /'
