# SPDX-License-Identifier: BSL-1.0
"""Plots of results, as SVG."""

import math

from . import plural
from .report import OURS, Table, is_limit
from .workloads import CURVES

# The name, colour and mark of each peer, in every plot.
STYLES = {
    "heddle": ("heddle", "#c1121f", "o"),
    "go": ("Go", "#0077b6", "s"),
    "tokio": ("Tokio", "#bc6c25", "D"),
    "asio": ("Asio", "#588157", "^"),
    "asio (tuned)": ("Asio, tuned", "#344e41", "v"),
    "asio (callbacks)": ("Asio, callbacks", "#a3b18a", "<"),
    "boost.fiber": ("Boost.Fiber", "#7b2cbf", "P"),
    "limit": ("hand-written limit", "#333333", "|"),
    "limit (stealing)": ("hand-written limit", "#333333", "|"),
}


def pyplot():
    """Returns matplotlib's pyplot, or None if it is not installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("svg")
    matplotlib.rcParams.update({
        "font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "heddle",
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "figure.facecolor": "white", "savefig.bbox": "tight"})
    import matplotlib.pyplot as plt
    return plt


def times(value, _=None):
    return f"{value:g}x"


def save(figure, path):
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)


def draw_ratios(plt, document, threads, path):
    """Draws the time of each peer as a multiple of heddle's: a row for each workload."""
    table = Table(document["results"], threads)
    rows = [w for w, _ in table.workloads if table.get(w, "heddle")]
    peers = [p for p in table.peers if p in STYLES and p not in OURS]
    if not rows or not peers:
        return
    figure, axes = plt.subplots(figsize=(8.5, 1.3 + 0.3 * len(rows)))
    for y in range(len(rows)):
        axes.axhline(y, color="#eeeeee", zorder=0)
    axes.axvline(1, color=STYLES["heddle"][1], linewidth=2, label="heddle")
    for peer in sorted(peers, key=list(STYLES).index):
        name, colour, mark = STYLES[peer]
        points = [(table.get(w, peer) / table.get(w, "heddle"), y)
                  for y, w in enumerate(rows) if table.get(w, peer)]
        bound = is_limit(peer)
        axes.scatter([x for x, _ in points], [y for _, y in points], color=colour, marker=mark,
                     s=90 if bound else 42, linewidths=1.8 if bound else 0.6, zorder=3,
                     label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(times)
    axes.grid(axis="x", color="#dddddd")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time, or memory, as a multiple of heddle's: right of the line heddle takes less")
    axes.set_title(f"heddle and its peers on {plural(threads, 'thread')}",
                   loc="left", fontweight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -1.8 / len(rows)), ncol=4,
                frameon=False)
    save(figure, path)
    plt.close(figure)


def draw_curve(plt, document, curve, path):
    """Draws the cost of an operation as the number of things grows: a line for each peer."""
    found = [r for r in document["results"] if r["workload"] == f"scale/{curve.name}"]
    if not found:
        return
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for peer in dict.fromkeys(r["peer"] for r in found):
        name, colour, mark = STYLES[peer]
        if peer == "go" and curve.in_go:
            name += f" ({curve.in_go})"
        mine = sorted((r["size"], r["min"]) for r in found if r["peer"] == peer)
        axes.plot(*zip(*mine), color=colour, marker=mark, markersize=5, linewidth=1.8)
        axes.annotate(f"  {name}", mine[-1], color=colour, va="center", fontweight="bold")
    axes.set_xscale("log", base=2 if curve.name == "arms" else 10)
    axes.set_yscale("log")
    least, most = min(r["min"] for r in found), max(r["min"] for r in found)
    axes.set_ylim(10 ** math.floor(math.log10(least)), 10 ** math.ceil(math.log10(most)))
    axes.yaxis.set_minor_formatter(lambda y, _: "")
    if curve.name == "arms":
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:,.0f}" if y >= 1 else f"{y:g}")
    axes.grid(color="#e5e5e5")
    axes.set_xlabel(curve.things)
    axes.set_ylabel(curve.unit)
    axes.set_title(curve.title, loc="left", fontweight="bold")
    save(figure, path)
    plt.close(figure)


def draw(document, folder, suffix=".svg"):
    """Draws all plots of the document. Returns the files, or None without matplotlib."""
    plt = pyplot()
    if not plt:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    for threads in sorted({r["threads"] for r in document["results"] if "size" not in r}):
        draw_ratios(plt, document, threads, folder / f"peers_{threads}{suffix}")
    for curve in CURVES:
        draw_curve(plt, document, curve, folder / f"scale_{curve.name}{suffix}")
    return sorted(p.name for p in set(folder.iterdir()) | before if p.suffix == suffix)
