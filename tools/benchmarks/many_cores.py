#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Simulates the parallel host for many workers: tools/benchmarks/many-cores.md."""

import argparse
import json
import pathlib
import sys
import unittest
from dataclasses import dataclass

sys.dont_write_bytecode = True

from driver import plots
from many_cores import source
from many_cores import workloads as w

COSTS = json.loads((pathlib.Path(__file__).parent / "costs.json").read_text())
# Guesses, in ns, that are near the locked figures of README.md on one thread.
OPERATIONS = {"go": 70, "end": 15, "turn": 8, "join": 3, "channel": 10, "wake": 2}


def run(threads, cores=None, changed=(), rules=None, loops=1, free=(), **costs):
    assert set(costs) <= set(COSTS), costs
    return w.Run(threads, cores or threads, COSTS | costs, source.constants() | (rules or {}),
                 OPERATIONS, changed, loops, free=free)


class Check(unittest.TestCase):
    def test_a_pause_of_the_simulation_loses_nothing(self):
        r = run(1)
        self.assertGreater(w.talkers(r, begin=50e3, window=50e3), 0)

    def test_the_source_still_has_the_rules(self):
        self.assertEqual(source.missing_rules(), [])

    def test_every_task_runs_once_and_no_worker_sleeps_for_ever(self):
        # main() raises if a run stops before its main task has ended.
        for threads, cores in ((1, 1), (2, 2), (4, 2), (8, 2), (16, 16)):
            with self.subTest(threads=threads, cores=cores):
                o = w.burst(run(threads, cores), 64, 100e3)
                self.assertEqual((o.stats["ran"], o.host.live), (65, 0))
                o = w.skynet(run(threads, cores), 1000)
                self.assertEqual((o.stats["ran"], o.host.live), (1111, 0))
                w.fan_out(run(threads, cores), 500, 4)
                w.mpmc(run(threads, cores), 2000, 4)

    def test_work_takes_no_less_than_the_cores_need(self):
        o = w.burst(run(4), 64, 100e3)
        self.assertGreaterEqual(o.ns, 64 * 100e3 / 4)

    def test_a_server_and_one_channel_do_no_more_than_the_cores_can(self):
        least = COSTS["socket_read"] + 2000 + COSTS["socket_write"]
        for threads, loops in ((1, 1), (2, 1), (8, 1), (8, 8)):
            with self.subTest(threads=threads, loops=loops):
                rate = w.server(run(threads, loops=loops), 100_000, 2000, 100e3, 100e3)
                self.assertGreater(rate, 0)
                self.assertLessEqual(rate, threads * 1e9 / least * 1.05)
                rate = w.one_channel(run(threads, loops=loops), 100e3, 100e3, ns=1000)
                self.assertGreater(rate, 0)
                self.assertLessEqual(rate, threads * 1e9 / 1000 * 1.05)

    def test_looks_in_vain_do_not_delay_a_burst(self):
        for changed, in_time in (((), True), (("looks_back_off",), False)):
            with self.subTest(changed=changed):
                o = w.burst(run(2, changed=changed), 8, 2e6, 20e6)
                self.assertEqual(o.all_begun < 1e6, in_time)

    def test_barriers_cost_a_server_on_four_cores_most_of_its_speed(self):
        self.assertGreater(server(4), 1.5 * server(4, **OLD))

    def test_waking_in_a_tree_runs_each_task_once_and_is_no_slower(self):
        chain, tree = (w.burst(run(16, changed=c), 64, 2e6, 0) for c in ((), ("tree",)))
        self.assertEqual((tree.stats["ran"], tree.host.live), (65, 0))
        self.assertLessEqual(tree.all_begun, chain.all_begun)

    def test_the_same_seed_gives_the_same_run(self):
        self.assertEqual(w.skynet(run(4), 1000).ns, w.skynet(run(4), 1000).ns)


# -- the tables and plots of many-cores.md ------------------------------------------------------------------

@dataclass(frozen=True)
class Curve:
    name: str
    title: str
    unit: str
    lines: dict     # name: a function of the number of workers; the first is the library as it is


def busy(n, before=0.0, **options):
    """How long until each worker has begun a task of a burst, in us."""
    if n == 1:
        return None
    return w.burst(run(n, **options), 4 * n, 20e6, before).all_begun / 1e3


def spawns(n, **options):
    return w.breeders(run(n, **options), window=100e3) / 1e6


def pairs(n, **options):
    return w.talkers(run(n, **options), window=150e3) / 1e6


def skynet(n, **options):
    return w.skynet(run(n, **options), 10_000).ns / 1e6


def server(n, **options):
    return w.server(run(n, **options), 100_000, 2000, 300e3, 300e3) / 1e6


def one_channel(n, **options):
    return w.one_channel(run(n, **options), 200e3, 200e3) / 1e6


OLD = {"changed": ("exchange_first", "looks_back_off"), "rules": {"most_numbers": 32, "few": 1024}}
CURVES = [
    Curve("burst", "A burst of tasks, until every worker has begun one", "us",
          {"now": busy, "before": lambda n: busy(n, **OLD),
           "woken in a tree (proposed)": lambda n: busy(n, changed=("tree",))}),
    Curve("late_burst", "The same after one task of 20 ms", "us",
          {"now": lambda n: busy(n, 20e6), "before": lambda n: busy(n, 20e6, **OLD)}),
    Curve("spawns", "Tasks that are spawned and joined", "million per second",
          {"now": lambda n: spawns(n), "before": lambda n: spawns(n, **OLD)}),
    Curve("pairs", "Round trips of pairs that talk", "million per second",
          {"now": lambda n: pairs(n), "before": lambda n: pairs(n, **OLD),
           "a loop for each worker": lambda n: pairs(n, loops=n)}),
    Curve("skynet", "skynet/join, 10 000 leaves", "ms",
          {"now": lambda n: skynet(n), "before": lambda n: skynet(n, **OLD)}),
    Curve("server", "Events of 100 000 connections", "million per second",
          {"now": lambda n: server(n), "before": lambda n: server(n, **OLD),
           "a loop for each worker": lambda n: server(n, loops=n)}),
    Curve("one_channel", "Values through one channel", "million per second",
          {"now": lambda n: one_channel(n), "before": lambda n: one_channel(n, **OLD)}),
]

# What is left out in turn, to see its share.
SHARES = {"the search's word": {"free": ("search",)}, "the numbers of tasks": {"free": ("ids",)},
          "the registries": {"free": ("registry",)}, "the loop's mutex": {"free": ("mutex",)},
          "misses of all lines": {"line": 0}}
SHARED = {"spawns, M/s": spawns, "skynet, ms": skynet, "burst, us": busy, "server, M/s": server}
# Costs that were assumed, or that differ from one machine to the next, from their least to their most.
RANGES = {"line": (42, 183), "overlap": (0.15, 0.5), "barrier_more": (100, 400),
          "futex_latency": (5000, 20000)}


def text(value):
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def print_table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def print_tables(workers):
    results = {}
    for c in CURVES:
        print(f"{c.title}, {c.unit}:\n")
        results[c.name] = {name: [f(n) for n in workers] for name, f in c.lines.items()}
        print_table(["workers", *map(str, workers)],
                    [[name, *map(text, values)] for name, values in results[c.name].items()])
    for n in (16, 64):
        print(f"{n} workers, if a thing cost nothing:\n")
        print_table(["left out", *SHARED],
                    [["nothing", *(text(f(n)) for f in SHARED.values())],
                     *([name, *(text(f(n, **o)) for f in SHARED.values())] for name, o in SHARES.items())])
    print("64 workers, from the least to the most of a cost:\n")
    print_table(["cost", "from", "to", *SHARED],
                [[name, f"{least:g}", f"{most:g}",
                  *(f"{text(f(64, **{name: least}))} to {text(f(64, **{name: most}))}" for f in SHARED.values())]
                 for name, (least, most) in RANGES.items()])
    return results


def draw(results, workers, folder):
    plt = plots.pyplot()
    if not plt:
        sys.exit("many_cores: plots need matplotlib  (Debian: python3-matplotlib)")
    folder.mkdir(parents=True, exist_ok=True)
    figure, grid = plt.subplots(4, 2, figsize=(11, 15), layout="constrained")
    for axes, c in zip(grid.flat, CURVES):
        for (name, values), colour in zip(results[c.name].items(), ("#c1121f", "#8d99ae", "#0077b6")):
            points = [(n, v) for n, v in zip(workers, values) if v is not None]
            axes.plot(*zip(*points), color=colour, marker="o", markersize=4, label=name,
                      linestyle="-" if name == "now" else "--")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:,g}")
        axes.yaxis.set_minor_formatter(lambda y, _: "")
        axes.grid(color="#e5e5e5")
        axes.set_xlabel("workers, each on a core")
        axes.set_ylabel(c.unit)
        axes.set_title(c.title, loc="left", fontweight="bold", fontsize=10)
        axes.legend(frameon=False)
    grid.flat[-1].axis("off")
    plots.save(figure, folder / "many_cores.svg")


def main():
    parser = argparse.ArgumentParser(prog="many_cores.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="test the simulation (ctest)")
    parser.add_argument("--workers", default="1,2,4,8,16,32,64,128,256", help="numbers of workers")
    parser.add_argument("--plots", type=pathlib.Path, metavar="DIR", help="draw the curves into DIR, as SVG")
    args = parser.parse_args()
    if args.check:
        unittest.main(argv=[sys.argv[0]], verbosity=1)
    workers = [int(n) for n in args.workers.split(",")]
    results = print_tables(workers)
    if args.plots:
        draw(results, workers, args.plots)


if __name__ == "__main__":
    main()
