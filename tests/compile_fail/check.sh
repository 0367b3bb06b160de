#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Passes if FILE does not compile, an error matches its one line `// error: REGEX` (extended), the first error names
# nothing of heddle::detail, and, if the file has a line `// mistake:`, the compiler says so in at most 20 lines. A line
# `// lines: any` lifts this limit, for a reason that it gives.
# A file with `// error: none` must compile. One of control.cpp's shows that the flags are not the reason why the others
# fail; in the others a mistake is seen only at run time. With `// error: none|REGEX` it may do either.
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
if [ "${reason%%|*}" = none ] && [ $status = 0 ]; then
    exit 0
elif [ "$reason" = none ]; then
    complaint="does not compile"
elif [ $status = 0 ]; then
    complaint="compiles, but should fail with: $reason"
elif ! printf '%s\n' "$output" | grep 'error:' | grep -Eq -e "$reason"; then
    complaint="fails, but no error matches: $reason"
elif printf '%s\n' "$output" | grep -m 1 'error:' | grep -Eq '(heddle::|[^:a-z_])detail::'; then
    complaint="the first error names what is private"
elif grep -q '^// mistake: ' "$file" && ! grep -q '^// lines: any' "$file" &&
    [ "$(printf '%s\n' "$output" | wc -l)" -gt 20 ]; then
    complaint="the compiler says it in more than 20 lines"
else
    exit 0
fi
echo "$file: $complaint"
printf '%s\n' "$output"
exit 1
