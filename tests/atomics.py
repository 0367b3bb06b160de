#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Each atomic object of the library has a row in lib/atomics.md that says why its memory orders are enough, and each row
has an atomic. Usage: atomics.py ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# The types themselves, and the explorer of threads, whose own atomics are seq_cst or under a lock.
apart = {"include/heddle/detail/platform/config.hpp", "include/heddle/detail/platform/model.hpp", "lib/platform/locks.cpp"}
declared = re.compile(r"^\s*(?:static |const |mutable |detail::|constinit )*(?:atomic|relaxed_pointer)<[^;(]*>\s+(\w+)(?:\[\w+\])?\s*[{;]", re.M)

found = set()
for folder in ("include", "lib"):
    for file in sorted((root / folder).rglob("*.?pp")):
        name = file.relative_to(root).as_posix()
        if name in apart or "/testing/" in name:
            continue
        for atomic in declared.findall(file.read_text()):
            found.add((name.removeprefix("include/heddle/").removeprefix("include/"), atomic))

listed = set()
for line in (root / "lib/atomics.md").read_text().splitlines():
    cells = [c.strip() for c in line.split("|")[1:-1]]
    if len(cells) != 4 or not cells[0].startswith("`"):
        continue
    file = re.search(r"`([^`]*)`", cells[1])[1].removeprefix("heddle/")
    for atomic in re.findall(r"`(\w+)`", cells[0]):
        listed.add((file, atomic))

wrong = [f"{f}: `{a}` has no row in lib/atomics.md" for f, a in sorted(found - listed)]
wrong += [f"lib/atomics.md: `{a}` is not in {f}" for f, a in sorted(listed - found)]
print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(bool(wrong) or not found)
