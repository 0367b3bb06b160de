# SPDX-License-Identifier: BSL-1.0
"""Compares two results: has heddle become slower, compared with its peers?"""

import statistics

from . import plural
from .report import number


def beside_peers(document):
    """Returns heddle's ratio to each peer, for each workload and number of threads."""
    least = {}
    for r in document["results"]:
        where = f"{r['workload']}, {plural(r['threads'], 'thread')}"
        if "size" in r:
            where += f", {r['size']}"
        least.setdefault(where, {})[r["peer"]] = r["min"]
    return {where: {peer: of["heddle"] / value for peer, value in of.items()
                    if value > 0 and not peer.startswith("heddle")}
            for where, of in least.items() if "heddle" in of}


def compare(old, new, margin):
    """Yields a line for each workload, and whether it is a regression: heddle's ratio to the peers
    that both results have is larger than before by more than `margin`. Of several peers
    the median counts, as one that had a bad run proves nothing."""
    before, after = beside_peers(old), beside_peers(new)
    for where, ratios in before.items():
        now = after.get(where, {})
        common = ratios.keys() & now.keys()
        if not common:
            yield f"{where}: not in the new result", True
            continue
        changes = {p: now[p] / ratios[p] for p in sorted(common)}
        change = statistics.median(changes.values())
        worse = change > 1 + margin
        detail = ", ".join(f"{p} {number(ratios[p])} -> {number(now[p])}"
                           for p in changes)
        yield f"{where}: x{change:.2f}{'  WORSE' if worse else ''}  ({detail})", worse


def check(old, new, margin):
    """Prints the comparison. Returns whether there is no regression."""
    found = list(compare(old, new, margin))
    worse = sum(bad for _, bad in found)
    for line, _ in found:
        print(line)
    print(f"{worse} of {len(found)} are worse by more than {margin:.0%}" if found
          else "nothing to compare: the old result has no ratio of heddle to a peer")
    return bool(found) and not worse
