#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs the test of a server, which is a Python script. Usage: serving.sh SCRIPT PROGRAM ARGUMENTS...
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
nc -h 2>&1 | grep -q -e '-N' || { echo "skipped: needs nc with -N (netcat-openbsd)"; exit 77; }
PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1 exec python3 "$@"
