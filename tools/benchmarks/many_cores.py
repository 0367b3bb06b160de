#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Simulates the parallel host for many workers: tools/benchmarks/many-cores.md."""

import argparse
import json
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True

from many_cores import source
from many_cores import workloads as w

COSTS = json.loads((pathlib.Path(__file__).parent / "costs.json").read_text())
# Guesses, in ns, that are near the locked figures of README.md on one thread.
OPERATIONS = {"go": 70, "end": 15, "turn": 8, "join": 3, "channel": 10, "wake": 2}


def run(threads, cores=None, changed=(), rules=None, loops=1, **costs):
    return w.Run(threads, cores or threads, COSTS | costs, source.constants() | (rules or {}),
                 OPERATIONS, changed, loops)


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

    def test_waking_in_a_tree_runs_each_task_once_and_is_no_slower(self):
        chain, tree = (w.burst(run(16, changed=c), 64, 2e6, 0) for c in ((), ("tree",)))
        self.assertEqual((tree.stats["ran"], tree.host.live), (65, 0))
        self.assertLessEqual(tree.all_begun, chain.all_begun)

    def test_the_same_seed_gives_the_same_run(self):
        self.assertEqual(w.skynet(run(4), 1000).ns, w.skynet(run(4), 1000).ns)


def main():
    parser = argparse.ArgumentParser(prog="many_cores.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="test the simulation (ctest)")
    parser.add_argument("--workers", default="1,2,4,8,16,32,64", help="numbers of workers")
    args = parser.parse_args()
    if args.check:
        unittest.main(argv=[sys.argv[0]], verbosity=1)
    print("| workers | burst: all busy, us | before | after 20 ms of one task | before | pairs, M/s"
          " | spawns, M/s | before | barriers, us each |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    before = ("exchange_first", "looks_back_off")
    for n in map(int, args.workers.split(",")):
        o = w.burst(run(n), 4 * n, 2e6, 0)
        us = [f"{x.all_begun / 1e3:.0f}" if x.all_begun and x.all_begun > 0 else ""
              for x in (o, w.burst(run(n, changed=before), 4 * n, 2e6, 0),
                        w.burst(run(n), 4 * n, 2e6, 20e6),
                        w.burst(run(n, changed=before), 4 * n, 2e6, 20e6))]
        print(f"| {n} | {' | '.join(us)} | {w.talkers(run(n), window=150e3) / 1e6:.1f}"
              f" | {w.breeders(run(n), window=100e3) / 1e6:.1f}"
              f" | {w.breeders(run(n, rules={'most_numbers': 32}), window=100e3) / 1e6:.1f}"
              f" | {o.stats['barrier'] / 1e3 / max(1, o.stats['thefts']):.0f} |", flush=True)


if __name__ == "__main__":
    main()
