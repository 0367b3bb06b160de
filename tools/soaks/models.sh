#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# the models of what threads share without a lock, one preemption deeper
set -euo pipefail
. tools/lib.sh
need "${packages[@]}" relacy-dev
cmake --preset release >/dev/null
for model in claim asio_wait inbox; do
    cmake --build --preset release --target heddle_model_$model >/dev/null
    status=0
    timeout $((60 * SOAK_MINUTES)) build/release/tests/heddle_model_$model 10 || status=$?
    [ $status != 124 ] || echo "$model: not exhausted in $SOAK_MINUTES min"
    [ $status = 0 ] || [ $status = 124 ] || exit $status
done
