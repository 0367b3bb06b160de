#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks the floors of the library: no file includes a file of a floor above its own, and cycles stay small.

Usage: layers.py ROOT [--graph]
lib/README.md draws the floors. A header and the source file of the same name are one unit. Units that include each
other in a cycle are a knot, and no knot has more than three units.
"""
import pathlib
import re
import sys

FLOORS = "platform memory timers core parallel context handlers task wait io service run testing".split()
LARGEST_KNOT = 3
# The floor of each public header, and of each folder of public headers, is that of the names they declare.
PUBLIC = {
    "platform": "asio_tokens",
    "core": "errors",
    "timers": "clock",
    "context": "executor",
    "task": "task task_local done go this_task blocking parallel inspect",
    "wait": "broadcast channel channel_ends channel_operations channel_owner channel_permit oneshot select selector settle sync time watch",
    "io": "asio bind_done inflight",
    "service": "balancer dial group patterns pool resilience serve stream streams",
    "run": "run heddle",
    "testing": "testing testing_stream testing_threads",
}
FLOOR_OF_HEADER = {name: floor for floor, names in PUBLIC.items() for name in names.split()}


def floor_of(path):
    """Returns the floor of a file, whose path begins with include/heddle/ or lib/."""
    parts = path.parts
    if parts[0] == "lib":
        return parts[1] if len(parts) > 2 else None
    if parts[2] == "detail":
        return parts[3] if len(parts) > 4 else None
    return FLOOR_OF_HEADER.get(path.stem if len(parts) == 3 else parts[2])


def unit_of(path):
    return f"{floor_of(path)}/{path.stem}"


def included(root, path):
    """Yields the files of this project that `path` includes."""
    for line in (root / path).read_text().splitlines():
        if match := re.match(r'\s*#\s*include\s+(?:<(heddle/[^>]+)>|"([^"]+)")', line):
            file = pathlib.Path("include", match[1]) if match[1] else pathlib.Path("lib", match[2])
            if (root / file).is_file():
                yield file
            else:
                sys.exit(f"{path}: includes {match[1] or match[2]}, which does not exist")


def knots(edges):
    """Returns the strongly connected components of more than one unit (Tarjan 1972, without recursion)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for start in edges:
        work = [(start, iter(edges[start]))] if start not in index else []
        while work:
            unit, rest = work[-1]
            if unit not in index:
                index[unit] = low[unit] = len(index)
                stack.append(unit)
                on.add(unit)
            for other in rest:
                if other not in index:
                    work.append((other, iter(edges[other])))
                    break
                if other in on:
                    low[unit] = min(low[unit], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[unit])
                if low[unit] == index[unit]:
                    knot = []
                    while not knot or knot[-1] != unit:
                        knot.append(stack.pop())
                        on.discard(knot[-1])
                    if len(knot) > 1:
                        found.append(sorted(knot))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    files = sorted(p.relative_to(root) for top in ("include", "lib") for p in (root / top).rglob("*.[ch]pp"))
    failed = False
    edges = {}
    for file in files:
        floor = floor_of(file)
        if floor not in FLOORS:
            print(f"{file}: is in no room; the rooms are {', '.join(FLOORS)}")
            failed = True
            continue
        unit = edges.setdefault(unit_of(file), set())
        for other in included(root, file):
            if unit_of(other) != unit_of(file):
                unit.add(unit_of(other))
            above = floor_of(other)
            if above in FLOORS and FLOORS.index(above) > FLOORS.index(floor):
                print(f"{file}: of the floor {floor}, includes {other} of {above}, which lies above")
                failed = True
    edges = {unit: sorted(o for o in others if o in edges) for unit, others in edges.items()}
    for knot in knots(edges):
        if len(knot) > LARGEST_KNOT:
            print(f"a knot of {len(knot)}: {' '.join(knot)}")
            failed = True
    sys.exit(failed)


main()
