# SPDX-License-Identifier: BSL-1.0
"""The parts of tools/bench."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ROOT / "tools" / "benchmarks"


def say(text):
    print(text, file=sys.stderr, flush=True)


def plural(n, word):
    return f"{n} {word}" + ("s" if n != 1 else "")
