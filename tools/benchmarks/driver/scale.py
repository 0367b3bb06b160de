# SPDX-License-Identifier: BSL-1.0
"""Scale curves: heddle and Go side by side, as the number of things grows."""

from . import say
from .report import number, result
from .running import Failure, execute, numbers
from .workloads import CURVES

PEERS = ("heddle", "go")


def point(peer, curve, size):
    n = curve.operations(size)
    command = [*(peer.commands.get(1) or peer.commands[0]), curve.program, str(n), str(size)]
    ops, amount, check, _ = numbers(execute(command).stdout)
    if (ops, check) != (n, n):
        raise Failure(f"wrong result: {ops} operations, check {check}; expected {n} of both")
    return amount / n


def measure(programs, runs, wanted):
    """Returns the results of all curves, and whether all runs were right."""
    peers = [p for p in programs.peers if p.name in PEERS]
    found, right = [], True
    for curve in CURVES:
        if wanted and curve.name not in wanted:
            continue
        say(f"curve {curve.name}")
        for size in curve.sizes:
            values = {p.name: [] for p in peers}
            for _ in range(runs):
                for peer in peers:
                    try:
                        values[peer.name].append(point(peer, curve, size))
                    except Failure as failure:
                        say(f"FAILED: {curve.name}, {peer.name}, {size}: {failure}")
                        right = False
            found += [result(f"scale/{curve.name}", 1, name, curve.unit, v, size=size)
                      for name, v in values.items() if v]
    return found, right


def lines(found):
    """Yields a table for each curve, with a row for each size and a column for each peer."""
    for curve in CURVES:
        mine = [r for r in found if r["workload"] == f"scale/{curve.name}"]
        if not mine:
            continue
        peers = list(dict.fromkeys(r["peer"] for r in mine))
        cells = {(r["size"], r["peer"]): number(r["min"]) for r in mine}
        yield f"{curve.title}: {curve.unit}", [
            [curve.things, "", *peers],
            *([str(size), "", *(cells.get((size, p), "") for p in peers)]
              for size in curve.sizes)]
