#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The recipes of package managers name the version of the project. Usage: version.sh ROOT VERSION
set -u
cd "$1/tools/packaging" || exit 1
for recipe in vcpkg/heddle/vcpkg.json conan/conanfile.py; do
    grep -qF "\"$2\"" "$recipe" || { echo "$recipe: does not name the version $2"; exit 1; }
done
