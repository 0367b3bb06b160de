#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# A program that was built with TSan has a data race, and TSan says so. Usage: report.sh COMMAND...
set -u
report=$(TSAN_OPTIONS="halt_on_error=1 exitcode=66" "$@" 2>&1)
status=$?
printf '%s\n' "$report"
[ "$status" = 66 ] && printf '%s\n' "$report" | grep -q 'WARNING: ThreadSanitizer: data race'
