#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# `tools/demo --list`, which reads the index in demos/README.md, names each demo once. Usage: demos_index.sh ROOT
set -eu
cd "$1"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools/demo --list | awk '/^  / { print $1 }' | sort >"$dir/index"
(cd demos && find . -name main.cpp -exec dirname {} + | cut -c3- | sort) >"$dir/folders"
diff "$dir/index" "$dir/folders"
