# SPDX-License-Identifier: BSL-1.0
"""Runs programs, each time in a fresh process, and checks their results."""

import os
import re
import shutil
import signal
import statistics
import subprocess
import threading
from dataclasses import dataclass, field

from . import plural, say
from .peers import Peer
from .workloads import Figure, Workload

TIMEOUT = 120  # seconds for one process
PERF = ["perf", "stat", "-x,", "-e", "instructions:u,cycles:u"]
CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]


class Failure(Exception):
    pass


@dataclass
class Row:
    """A workload of a peer on a number of threads."""
    workload: Workload
    peer: Peer
    threads: int
    outputs: list = field(default_factory=list)  # of each run: ops, amount, also
    error: str = ""
    counted: dict = field(default_factory=dict)  # instructions, cycles per operation

    def values(self, figure: Figure):
        return [figure.of(*output) for output in self.outputs]

    def least(self, figure):
        return min(self.values(figure))

    def median(self, figure):
        return statistics.median(self.values(figure))

    def operations(self, quick):
        """Returns the number of operations, which is smaller for a slow peer if that gives the same figure."""
        w = self.workload
        if quick:
            return w.small
        n = w.n
        if w.linear and self.peer.slow > 1 and w.family in ("ping_pong", "stream", "mpmc",
                                                            "select", "selector"):
            n = n // self.peer.slow // 64 * 64
        return min(n, self.peer.sizes.get(w.name, n))

    def arguments(self, n):
        w = self.workload
        asked = w.alone.get(self.peer.name) or self.peer.only or w.program
        return ["--threads", str(self.threads), asked, str(n), str(w.k)]

    def command(self, n):
        commands = self.peer.commands
        program, *options = commands.get(self.threads, commands.get(0))
        if self.workload.alone:
            program = program.with_name(self.workload.program)
        return [program, *options, *self.arguments(n)]

    def fail(self, failure):
        self.error = str(failure)
        say(f"FAILED: {self.workload.name}, {self.peer.name}, {plural(self.threads, 'thread')}:"
            f" {failure}")


def rows_for(workloads, programs, threads):
    """Returns every row that can be run. Workloads that a peer cannot run are noted as skipped."""
    rows, refused = [], {}
    for w in workloads:
        for t in threads if w.parallel else [1]:
            for peer in programs.peers:
                if not {0, t} & peer.commands.keys() or not peer.takes_part(w):
                    continue
                why = peer.refuses(w, t)
                if why:
                    where = f"{w.name} on {t} threads" if t > 1 else w.name
                    refused.setdefault((peer.name, why), []).append(where)
                else:
                    rows.append(Row(w, peer, t))
    programs.skipped += [f"{peer}: {', '.join(names)}: {why}"
                         for (peer, why), names in refused.items()]
    return rows


def numbers(text):
    try:
        ops, amount, check, also = map(int, text.split())
    except ValueError:
        raise Failure(f"did not print four numbers: {text[:200]!r}")
    return ops, amount, check, also


def execute(command, **more):
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=more.pop("timeout", TIMEOUT), **more)
    except subprocess.TimeoutExpired as expired:
        raise Failure(f"did not end within {expired.timeout:.0f} s")
    if done.returncode:
        raise Failure(f"exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done


def run(row, n, prefix=(), **more):
    """Runs a row once in a fresh process. Returns its result, and its output on stderr."""
    done = execute([*prefix, *row.command(n)], **more)
    ops, amount, check, also = numbers(done.stdout)
    if (ops, check) != (n, row.workload.check(n)):
        raise Failure(f"wrong result: {ops} operations, check {check};"
                      f" expected {n} and {row.workload.check(n)}")
    return (ops, amount, also), done.stderr


def run_server(row, n, client):
    """Does the same with a server. The result is its processor time, and the time of the client."""
    server = subprocess.Popen(row.command(n), stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(TIMEOUT, server.kill)
    watchdog.start()
    try:
        port = server.stdout.readline().strip()
        if not port:
            raise Failure("the server did not print its port")
        asked = execute([client, port, str(n), str(row.workload.k)])
    finally:
        watchdog.cancel()
        server.send_signal(signal.SIGKILL)
        _, server.returncode, used = os.wait4(server.pid, 0)
        server.stdout.close()
    ops, elapsed, check, _ = numbers(asked.stdout)
    n = n // row.workload.k * row.workload.k
    if (ops, check) != (n, n):
        raise Failure(f"wrong result: {check} of {ops} replies were right; expected {n}")
    return ops, int((used.ru_utime + used.ru_stime) * 1e9), elapsed


def measure(rows, runs, quick, client):
    """
    Runs every row `runs` times, round by round, so that peers see the same machine. Every other round goes
    backwards: a program that needs much memory leaves it, backed by the host, to the one that follows.
    """
    for i in range(runs):
        say(f"round {i + 1} of {runs}")
        for row in rows[:: -1 if i % 2 else 1]:
            if row.error:
                continue
            n = row.operations(quick)
            try:
                row.outputs.append(run_server(row, n, client) if row.workload.server
                                   else run(row, n)[0])
            except Failure as failure:
                row.fail(failure)


# ---- instructions ----

def perf_counts(stderr):
    fields = [line.split(",") for line in stderr.splitlines() if line.count(",") > 2]
    found = {f[2].partition(":")[0]: int(f[0]) for f in fields if f[0].isdigit()}
    if len(found) < 2:
        raise Failure("perf stat did not count")
    return found


def callgrind_counts(stderr):
    collected = re.search(r"Collected : (\d+)", stderr)
    if not collected:
        raise Failure("callgrind did not count")
    return {"instructions": int(collected[1])}


def count(rows, n_of, prefix, counts):
    """Counts per operation, as the difference between a run and one a tenth as long. Returns the
    peers that could not be counted, and why; no other workload of such a peer is tried."""
    lost = {}
    for row in rows:
        if row.error or not row.workload.linear or row.peer.name in lost:
            continue
        n = n_of(row)
        try:
            short, long = (counts(run(row, m, prefix)[1]) for m in (n // 10, n))
            row.counted = {key: (long[key] - short[key]) / (n - n // 10) for key in long}
        except Failure:
            lost[row.peer.name] = f"{row.workload.name} failed under {prefix[0]}"
    return [f"counting {name}: {why}" for name, why in lost.items()]


def count_by_perf(rows):
    """Counts by perf stat. Returns what was skipped."""
    try:
        perf_counts(subprocess.run([*PERF, "true"], capture_output=True, text=True).stderr)
    except (OSError, Failure):
        return ["instructions and cycles: perf stat cannot count them here"
                " (--callgrind counts instructions)"]
    return count(rows, lambda row: row.operations(False), PERF, perf_counts)


def count_by_callgrind(rows):
    """Counts by callgrind. Returns what was skipped."""
    if not shutil.which("valgrind"):
        return ["instructions: valgrind is not installed"]
    say("counting instructions with valgrind")
    one = [row for row in rows if row.threads == 1]
    return count(one, lambda row: row.workload.small, CALLGRIND, callgrind_counts)
