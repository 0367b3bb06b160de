# SPDX-License-Identifier: BSL-1.0
"""The results of a run: as JSON, as tables, and in the pages of the project."""

import os
import pathlib
import platform

from . import ROOT, SOURCES, plural

OURS = ("heddle", "heddle (locked)")

# The table of README.md: at most eight rows and six columns.
SHORT_ROWS = [  # workload, threads, its title in the table
    ("ping_pong", 1, "round trip between two tasks, unbuffered"),
    ("stream/64", 1, "value through a channel of capacity 64"),
    ("select/8", 1, "value by a select over 8 channels"),
    ("spawn_join_all", 1, "start of a task, a million at once, and join"),
    ("parked", 1, "memory of a task that waits"),
    ("sleep/cpu", 1, "processor time of 100 000 sleeps"),
    ("echo/cpu", 1, "processor time of a TCP echo"),
    ("mpmc", 2, "two threads: value from 4 senders to 4 receivers"),
]
SHORT_COLUMNS = [("heddle", "heddle"), ("asio (tuned)", "Asio, tuned"), ("go", "Go"),
                 ("tokio", "Tokio"), ("limit", "limit")]


def is_limit(peer):
    return peer.startswith("limit")


def machine(versions):
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = [line.partition(": ")[2] for line in cpuinfo.splitlines()
             if line.startswith("model name")] or [platform.machine()]
    return ", ".join([f"{model[0]}, {os.cpu_count()} cores", *versions])


def result(workload, threads, peer, unit, values, **more):
    values = sorted(values)
    half = len(values) // 2
    median = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    return {"workload": workload, "threads": threads, "peer": peer, "unit": unit,
            "min": values[0], "median": median, "max": values[-1], "runs": len(values), **more}


def results(rows):
    return [result(figure.name, row.threads, row.peer.name, figure.unit, row.values(figure),
                   **(row.counted if figure is row.workload.figures[0] else {}))
            for row in rows if not row.error and row.outputs for figure in row.workload.figures]


def number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


class Table:
    """The results on one number of threads: a row for each workload, a column for each peer."""

    def __init__(self, found, threads, value="min"):
        found = [r for r in found if r["threads"] == threads and value in r]
        self.threads, self.value = threads, value
        self.workloads = list(dict.fromkeys((r["workload"], r["unit"]) for r in found))
        self.peers = list(dict.fromkeys(r["peer"] for r in found))
        self.cells = {(r["workload"], r["peer"]): r for r in found}

    def get(self, workload, peer):
        return self.cells.get((workload, peer), {}).get(self.value)

    def best_peer(self, workload):
        """Returns the least figure of the peers that are neither heddle nor a limit, and its peer."""
        others = [(self.get(workload, p), p) for p in self.peers
                  if p not in OURS and not is_limit(p) and self.get(workload, p) is not None]
        return min(others, default=(None, None))

    def limit(self, workload):
        return self.get(workload, "limit" if self.threads == 1 else "limit (stealing)")

    def lines(self, medians=True):
        """Yields the lines of the table, as lists of cells."""
        yield ["workload", "unit", *self.peers, "best peer", "x best", "x limit"]
        for workload, unit in self.workloads:
            ours = self.get(workload, "heddle")
            best, name = self.best_peer(workload)

            def ratio(to):
                return f"{ours / to:.2f}" if ours is not None and to else ""

            yield [workload, unit, *(self.cell(workload, p, medians) for p in self.peers),
                   name or "", ratio(best), ratio(self.limit(workload))]

    def cell(self, workload, peer, medians):
        r = self.cells.get((workload, peer))
        if not r:
            return ""
        if medians and self.value == "min":
            return f"{number(r['min'])} ({number(r['median'])})"
        return number(r[self.value])


def plain(lines):
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        yield "  ".join(cell.rjust(width) if i > 1 else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip()


def markdown(lines):
    head, *rest = lines
    for line in [head, ["---" if i < 2 else "---:" for i in range(len(head))], *rest]:
        yield f"| {' | '.join(line)} |"


def runs(found):
    """Returns the number of runs as text: "5 runs (echo: 9)"."""
    numbers = [r["runs"] for r in found]
    usual = max(set(numbers), key=numbers.count)
    others = dict.fromkeys(f"{r['workload'].partition('/')[0]}: {r['runs']}"
                           for r in found if r["runs"] != usual)
    return plural(usual, "run") + (f" ({', '.join(others)})" if others else "")


def text(document, form, medians=True):
    """Yields the tables and remarks of a document; `form` makes the lines of a table."""
    found = document["results"]
    yield document["machine"]
    for t in dict.fromkeys(r["threads"] for r in found):
        mine = [r for r in found if r["threads"] == t]
        least = "least (median)" if medians else "least"
        yield from ["", f"On {plural(t, 'thread')}, {least} of {runs(mine)};"
                    " less is better:", ""]
        yield from form(Table(found, t).lines(medians))
    for counted in ("instructions", "cycles"):
        table = Table(found, 1, counted)
        if table.cells:
            yield from ["", f"{counted.capitalize()} per operation, one thread:", ""]
            yield from form(table.lines())
    if document.get("skipped"):
        yield from ["", "Skipped:", "", *(f"- {s}" for s in document["skipped"])]


def short(document):
    """Yields the lines of the table of README.md."""
    found = document["results"]
    tables = {t: Table(found, t) for t in {t for _, t, _ in SHORT_ROWS}}
    rows = []
    for workload, threads, title in SHORT_ROWS:
        table = tables[threads]
        unit = next((u for w, u in table.workloads if w == workload), None)
        if unit is None:
            continue

        def cell(peer):
            value = (table.limit(workload) if peer == "limit"
                     else table.get(workload, peer))
            return "" if value is None else number(value)

        rows.append([f"{title}, {unit.partition('/')[0]}",
                     *(cell(peer) for peer, _ in SHORT_COLUMNS)])
    head = ["less is better", *(title for _, title in SHORT_COLUMNS)]
    form = list(markdown([head, *rows]))
    form[1] = f"| --- {'| ---: ' * len(SHORT_COLUMNS)}|"
    yield from form
    locked = [(title.partition(",")[0], tables[t].get(w, "heddle (locked)"))
              for w, t, title in SHORT_ROWS[:3]]
    if all(value is not None for _, value in locked):
        figures = [number(value) for _, value in locked]
        yield from ["", "On one thread heddle leaves out its locks; with them the first three rows are"
                    f" {', '.join(figures[:-1])} and {figures[-1]} ns."]


def write_between(path, name, lines):
    """Replaces the text of a page between the marks `name` and `/name`."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    page = path.read_text()
    before, found, rest = page.partition(begin)
    _, found_too, after = rest.partition(end)
    if not found or not found_too:
        raise ValueError(f"{path}: no {begin.strip()} with a {end.strip()} below it")
    path.write_text(before + begin + "\n".join(lines) + "\n" + end + after)


def write_pages(document, root=ROOT, sources=SOURCES):
    """Writes the short table into README.md, the whole ones into tools/benchmarks/README.md."""
    write_between(root / "README.md", "tools/bench", short(document))
    write_between(sources / "README.md", "tools/bench", text(document, markdown, False))
