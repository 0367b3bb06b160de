#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests of the driver of the benchmarks."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from driver import checking, peers, report, running
from driver.workloads import WORKLOADS


def result(peer, value, threads=1):
    return report.result("ping_pong", threads, peer, "ns/round trip", [value])


def document(**least):
    return {"results": [result(peer, value) for peer, value in least.items()]}


def worse(old, new, margin=0.25):
    return [bad for _, bad in checking.compare(old, new, margin)]


class Checking(unittest.TestCase):
    def test_slower_beside_its_peers_is_worse(self):
        self.assertEqual(worse(document(heddle=10, go=20), document(heddle=13, go=20)), [True])

    def test_within_the_margin_is_not(self):
        self.assertEqual(worse(document(heddle=10, go=20), document(heddle=12, go=20)), [False])

    def test_a_slower_machine_is_not(self):
        self.assertEqual(worse(document(heddle=10, go=20), document(heddle=30, go=60)), [False])

    def test_one_peer_that_was_lucky_is_not(self):
        self.assertEqual(worse(document(heddle=10, go=20, tokio=30, asio=40),
                               document(heddle=10, go=20, tokio=10, asio=40)), [False])

    def test_a_workload_that_is_gone_is_worse(self):
        self.assertEqual(worse(document(heddle=10, go=20), document(go=20)), [True])

    def test_nothing_in_common_is_no_success(self):
        self.assertFalse(checking.check({"results": []}, document(heddle=1, go=1), 0.25))


class Running(unittest.TestCase):
    def run_program(self, script):
        peer = peers.Peer("fake", {0: ["sh", "-c", script]})
        workload = next(w for w in WORKLOADS if w.name == "ping_pong")
        return running.run(running.Row(workload, peer, 1), 10)

    def test_a_right_result_is_taken(self):
        self.assertEqual(self.run_program("echo 10 1000 55 0")[0], (10, 1000, 0))

    def test_a_workload_of_one_program_asks_that_for_the_peer(self):
        idle = next(w for w in WORKLOADS if w.alone)
        programs = peers.Programs(peers.Build(pathlib.Path(), []).cpp_peers(), None, [], [])
        rows = running.rows_for([idle], programs, [1])
        self.assertEqual([(r.command(9)[0].name, r.command(9)[3]) for r in rows],
                         [("bench_idle", name) for name in idle.alone.values()])

    def test_wrong_results_are_failures(self):
        for script in ("echo 10 1000 54 0", "echo 9 1000 55 0", "echo 10 1000", "exit 3",
                       "echo 10 1000 55 0; exit 3"):
            with self.assertRaises(running.Failure, msg=script):
                self.run_program(script)


class Reporting(unittest.TestCase):
    def test_ratios_are_to_the_best_peer_and_to_the_limit(self):
        found = [result("heddle", 10.0), result("limit", 8.0), result("go", 40.0),
                 result("tokio", 20.0), result("heddle (locked)", 5.0)]
        row = list(report.Table(found, 1).lines())[1]
        self.assertEqual(row[-3:], ["tokio", "0.50", "1.25"])

    def test_a_median_of_an_even_number_lies_between(self):
        self.assertEqual(report.result("w", 1, "p", "u", [4, 1, 2, 9])["median"], 3)

    def test_runs_are_counted_by_workload(self):
        found = [result("heddle", 1), result("go", 2),
                 report.result("echo/cpu", 1, "heddle", "us/request", [3, 4])]
        self.assertEqual(report.runs(found), "1 run (echo: 2)")

    def test_the_short_table_has_at_most_eight_rows_and_six_columns(self):
        found = [report.result(w, t, p, "ns/value", [7])
                 for w, t, _ in report.SHORT_ROWS for p in ("heddle", "heddle (locked)", "go")]
        rows = [line for line in report.short({"results": found}) if line.startswith("|")]
        self.assertLessEqual(len(rows) - 2, 8)
        self.assertEqual({line.count("|") - 1 for line in rows}, {6})

    def test_the_limit_of_a_short_row_is_that_of_its_threads(self):
        found = [report.result("mpmc", 2, p, "ns/value", [v])
                 for p, v in (("heddle", 30.0), ("limit (stealing)", 20.0))]
        self.assertTrue(list(report.short({"results": found}))[2].endswith(" 30.0 |  |  |  | 20.0 |"))

    def test_every_short_row_is_a_workload(self):
        names = {f.name for w in WORKLOADS for f in w.figures}
        self.assertEqual([w for w, _, _ in report.SHORT_ROWS if w not in names], [])

    def test_a_page_changes_only_between_its_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text("a\n<!-- t -->\nold\n<!-- /t -->\nb\n")
            report.write_between(page, "t", ["new"])
            self.assertEqual(page.read_text(), "a\n<!-- t -->\nnew\n<!-- /t -->\nb\n")
            with self.assertRaises(ValueError):
                report.write_between(page, "u", ["new"])
            self.assertIn("new", page.read_text())


if __name__ == "__main__":
    unittest.main()
