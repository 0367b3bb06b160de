#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Each line of code in README.md is a line of a program that is compiled and run. Usage: readme_code.sh ROOT
set -eu
cd "$1"
code=$(mktemp)
trap 'rm -f "$code"' EXIT
awk '/^```(cpp|go)$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$code"
[ -s "$code" ] || { echo "README.md has no code"; exit 1; }
! grep -vxF -f demos/timer_channel/main.cpp -f demos/timer_channel/main.go -f tests/service/services_example_test.cpp \
    -f tests/testing/example_test.cpp "$code"
