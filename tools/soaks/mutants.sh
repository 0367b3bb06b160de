#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# every small bug of tests/mutants/list.toml is put in, and must be noticed (takes what it takes)
set -euo pipefail
. tools/lib.sh
need "${packages[@]}"
cmake --preset dev >/dev/null
tools/mutants
