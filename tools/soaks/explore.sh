#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# every schedule of more small programs
set -euo pipefail
. tools/lib.sh
need "${packages[@]}"
cmake --preset release >/dev/null
cmake --build --preset release --target heddle_tests
end=$((SECONDS + 60 * SOAK_MINUTES)) programs=20000
while [ $SECONDS -lt $end ]; do
    started=$SECONDS
    HEDDLE_PROGRAMS=$programs HEDDLE_TEST_THREADED=0 build/release/tests/heddle_tests --test-suite=laws.explored
    echo "$programs programs in $((SECONDS - started)) s"
    programs=$((programs * 2))
    [ $((SECONDS + 2 * (SECONDS - started))) -lt $end ] || break
done
