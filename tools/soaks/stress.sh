#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# threads: stress tests, races and histories, over and over, at full speed and under TSan
set -euo pipefail
. tools/lib.sh
need "${packages[@]}"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
for preset in release tsan; do
    cmake --preset $preset >/dev/null
    cmake --build --preset $preset --target heddle_stress
    end=$((SECONDS + 30 * SOAK_MINUTES)) rounds=0
    while [ $SECONDS -lt $end ]; do
        HEDDLE_RACES=200000 HEDDLE_HISTORIES=20000 timeout 1200 build/$preset/tests/heddle_stress >build/$preset/soak.log 2>&1 || {
            cat build/$preset/soak.log
            exit 1
        }
        rounds=$((rounds + 1))
    done
    echo "$preset: $rounds rounds; of the last: $(grep -h -A1 'histories of' build/$preset/soak.log | grep -c histories) kinds of histories"
done
