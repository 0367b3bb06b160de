#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs PROGRAM [ARGS], and replaces the number of a worker, 1 to 3, by W.
out=$("$@") && printf '%s\n' "$out" | sed 's/^Worker [123] /Worker W /'
