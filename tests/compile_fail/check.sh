#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Passes if FILE does not compile, for the reason its one line `// error: REGEX` (extended)
# names. `// error: none` must compile: it shows that the others fail by their own fault.
# Usage: check.sh FILE COMPILER FLAGS...
set -u
file=$1
shift
reason=$(sed -n 's,^// error: ,,p' "$file")
case $reason in
'' | *'
'*) echo "$file: needs one line \"// error: REGEX\""; exit 1 ;;
esac

# The C locale, so that messages quote with plain '.
output=$(LC_ALL=C "$@" -fsyntax-only "$file" 2>&1)
status=$?
if [ "$reason" = none ]; then
    [ $status = 0 ] && exit 0
    complaint="does not compile"
elif [ $status = 0 ]; then
    complaint="compiles, but should fail with: $reason"
elif printf '%s\n' "$output" | grep 'error:' | grep -Eq -e "$reason"; then
    exit 0
else
    complaint="fails, but no error matches: $reason"
fi
echo "$file: $complaint"
printf '%s\n' "$output"
exit 1
