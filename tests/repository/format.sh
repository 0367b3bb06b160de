#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Every C++ file is formatted as .clang-format says. Usage: format.sh ROOT
set -eu
cd "$1"
command -v clang-format-19 >/dev/null || { echo "skipped: needs clang-format-19"; exit 77; }
find include lib tests demos tools -name '*.[ch]pp' -exec clang-format-19 --dry-run -Werror {} +
