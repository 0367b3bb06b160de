#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The workflow for public machines is YAML as it should be, and names only presets that tools/test has. Usage: workflow.sh ROOT
set -eu
cd "$1"
workflow=.github/workflows/tests.yml
command -v yamllint >/dev/null || { echo "skipped: needs yamllint"; exit 77; }
yamllint -d '{extends: default, rules: {line-length: {max: 130}, document-start: disable, truthy: disable,
  comments: {min-spaces-from-content: 1}}}' --strict $workflow
presets=$(sed -n 's/^ *preset: \[\(.*\)\]$/\1/p; s/^ *- run: tools\/test \([a-z0-9_]*\)$/\1/p' $workflow | tr -d ,)
[ "$(echo $presets | wc -w)" -ge 8 ]
for preset in $presets; do
    grep -Eq "^    ([a-z0-9 |]* )?$preset( [|].*)?\)" tools/test || { echo "tools/test has no preset $preset"; exit 1; }
done
