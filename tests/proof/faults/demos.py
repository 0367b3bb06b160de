#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs programs many times, and in each run another of their allocations fails. A program may go on without it, or
end with a message, even by an exception that leaves main; but it may not crash, and not hang.

    demos.py failing_new.so MOST PROGRAM...    # at most MOST allocations of each, spread evenly
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

TIME = 20  # seconds
EXCEPTIONS = ("std::bad_alloc", "std::length_error")  # length_error: for the buffer of a channel


def run(program, preload, **variables):
    env = os.environ | {"LD_PRELOAD": preload} | variables
    try:
        done = subprocess.run([program], env=env, capture_output=True, timeout=TIME,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"still runs after {TIME} s"
    said = done.stderr.decode(errors="replace")
    escaped = any(f"after throwing an instance of '{e}'" in said for e in EXCEPTIONS)
    if done.returncode >= 0 or (done.returncode == -signal.SIGABRT and escaped):
        return None
    return f"{signal.Signals(-done.returncode).name}: {said.strip()[-400:]}"


def sweep(program, preload, most):
    """Returns how many allocations the program made, how many of them were made to fail, and the failures."""
    with tempfile.TemporaryDirectory() as folder:
        count = pathlib.Path(folder) / "count"
        failure = run(program, preload, HEDDLE_COUNT_ALLOCATIONS=str(count))
        if failure:
            return 0, 0, [f"as it is: {failure}"]
        n = int(count.read_text()) if count.exists() else most  # missing if the program ends by _exit
    tried = sorted({1 + i * n // min(n, most) for i in range(min(n, most))})
    failures = []
    for k in tried:
        if failure := run(program, preload, HEDDLE_FAIL_ALLOCATION=str(k)):
            failures.append(f"allocation {k} fails: {failure}")
    return n, len(tried), failures


def main():
    preload, most, programs = os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    wrong = 0
    for program in programs:
        n, tried, failures = sweep(program, preload, most)
        print(f"{program}: {tried} of {n} allocations failed, one in each run", flush=True)
        for failure in failures:
            print(f"  {failure}")
        wrong += len(failures)
    sys.exit(wrong != 0)


main()
