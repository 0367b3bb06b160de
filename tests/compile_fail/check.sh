#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Passes if FILE does not compile, and an error matches its one line `// error: REGEX` (extended),
# and the first error names nothing of heddle::detail.
# A file with `// error: none` must compile: it shows that the flags are not the reason why the others fail.
# Usage: check.sh FILE COMPILER FLAGS...
set -u
file=$1
shift
reason=$(sed -n 's,^// error: ,,p' "$file")
case $reason in
'' | *'
'*) echo "$file: needs one line \"// error: REGEX\""; exit 1 ;;
esac

# In the C locale, messages quote with a plain '.
output=$(LC_ALL=C "$@" -fsyntax-only "$file" 2>&1)
status=$?
if [ "$reason" = none ]; then
    [ $status = 0 ] && exit 0
    complaint="does not compile"
elif [ $status = 0 ]; then
    complaint="compiles, but should fail with: $reason"
elif ! printf '%s\n' "$output" | grep 'error:' | grep -Eq -e "$reason"; then
    complaint="fails, but no error matches: $reason"
elif printf '%s\n' "$output" | grep -m 1 'error:' | grep -Eq '(heddle::|[^:a-z_])detail::'; then
    complaint="the first error names what is private"
else
    exit 0
fi
echo "$file: $complaint"
printf '%s\n' "$output"
exit 1
