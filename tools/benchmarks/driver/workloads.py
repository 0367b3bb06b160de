# SPDX-License-Identifier: BSL-1.0
"""The workloads, and the results that the programs must compute. See tools/benchmarks/README.md."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Callable


@dataclass(frozen=True)
class Figure:
    """One number of a run; less is better."""
    name: str
    unit: str
    of: Callable  # of the output of the program: operations, amount, the second figure


def per_operation(name, unit, scale=1):
    return Figure(name, unit, lambda ops, amount, also: amount / ops / scale)


@dataclass(frozen=True)
class Workload:
    program: str  # its name in the programs
    title: str
    figures: tuple
    n: int  # operations
    small: int  # operations that are enough to show that it works
    check: Callable[[int], int]  # the right result for n operations
    k: int = 0
    parallel: bool = False  # also on several threads
    server: bool = False
    alone: dict = field(default_factory=dict)  # peer: its name in `program`, a file for them all

    @property
    def name(self):
        return self.figures[0].name

    @property
    def family(self):
        return self.name.partition("/")[0]

    @property
    def linear(self):
        """Whether twice the operations cost twice as much."""
        return self.figures[0].unit.startswith("ns/")


def sum_below(n):
    return n * (n - 1) // 2


def sum_of_primes(n):
    found = []
    i = 2
    while len(found) < n:
        if all(i % p for p in found if p * p <= i):
            found.append(i)
        i += 1
    return sum(found)


@lru_cache
def sum_of_pipeline(n):
    values = ((i + 1) ^ 1 for i in range(n) if (i + 1) % 3)
    doubled = (2 * v for v in values if v % 5)
    added = (v + 7 for i, v in enumerate(doubled) if i >= 10)
    return sum(v & 0xffff for v in added if v % 7)


def simple(name, unit, title, n, small, check, **more):
    return Workload(name.replace("/", "_"), title, (per_operation(name, unit),), n, small,
                    check, **more)


def stream(capacity):
    return Workload("stream", f"one sender, one receiver, capacity {capacity}",
                    (per_operation(f"stream/{capacity}", "ns/value"),),
                    5_000_000, 10_000, sum_below, capacity, parallel=True)


def select(k, n):
    # Channel i of 1..k carries the value i, which its arm multiplies by i.
    return Workload("select", f"a select over {k} channels, one sender each",
                    (per_operation(f"select/{k}", "ns/value"),), n, 6400,
                    lambda n: n // k * sum(i * i for i in range(1, k + 1)), k, parallel=True)


def selector(k, n):
    """The same with a set of arms that is kept from one select to the next, in peers that have one."""
    return replace(select(k, n), program="selector",
                   title="the same by a selector, which is kept; peers without one: select",
                   figures=(per_operation(f"selector/{k}", "ns/value"),))


def call(depth):
    return Workload("call", f"a coroutine calls a coroutine, {depth} deep, and gets a number",
                    (per_operation(f"call/{depth}", "ns/call"),), 5_000_000, 10_000,
                    lambda n: n, depth)


def in_ms(name, title, n, small, check, **more):
    return Workload(name, title, (Figure(name, "ms", lambda ops, amount, also: amount / 1e6),),
                    n, small, check, **more)


def idle(name, title, timed=""):
    """Its peers are three ways to wait for Asio, in one program."""
    return Workload("bench_idle", title, (per_operation(name, "bytes/connection"),),
                    10_000, 1000, lambda n: n,
                    alone={"heddle": f"idle_task{timed}", "asio": f"idle_awaitable{timed}",
                           "asio (callbacks)": f"idle_callback{timed}"})


WORKLOADS = [
    simple("ping_pong", "ns/round trip", "there and back, over two unbuffered channels",
           2_000_000, 10_000, lambda n: n * (n + 1) // 2, parallel=True),
    stream(1), stream(64), stream(1024),
    simple("mpmc", "ns/value", "four senders, four receivers, one channel of capacity 64",
           4_000_000, 10_000, sum_below, k=4, parallel=True),
    select(2, 1_024_000), select(8, 1_024_000), select(64, 256_000),
    selector(2, 1_024_000), selector(8, 1_024_000), selector(64, 1_024_000),
    in_ms("sieve", "prime sieve: 2000 primes", 2000, 100, sum_of_primes, parallel=True),
    call(1), call(10), call(1000),
    simple("call/throw", "ns/call", "ten deep, and the innermost throws, or returns an error",
           200_000, 1000, lambda n: n, k=10),
    simple("call/timeout", "ns/call", "one deep, with a time limit that is far off",
           1_000_000, 10_000, lambda n: n, k=1),
    simple("pipeline", "ns/value", "ten operators over a stream of numbers, and a sum",
           2_000_000, 10_000, sum_of_pipeline),
    simple("spawn_join_all", "ns/task", "spawn all tasks, then join them",
           1_000_000, 10_000, lambda n: n),
    simple("spawn_join_each", "ns/task", "spawn a task and join it, one by one",
           1_000_000, 10_000, lambda n: n),
    simple("parked", "bytes/task", "memory of tasks that wait to receive",
           1_000_000, 10_000, lambda n: n),
    in_ms("daisy", "a chain of 100k tasks, each with a channel: made, then passed once",
          100_000, 1000, lambda n: n + 1),
    simple("skynet/channels", "ns/leaf", "a tree of tasks, ten children each: results by channel",
           1_000_000, 10_000, sum_below, parallel=True),
    simple("skynet/join", "ns/leaf", "the same: results by join",
           1_000_000, 10_000, sum_below, parallel=True),
    Workload("sleep", "100k tasks sleep 0 to 1000 ms: processor time; how late the latest is",
             (Figure("sleep/cpu", "ms", lambda ops, amount, also: amount / 1e6),
              Figure("sleep/late", "ms", lambda ops, amount, also: also / 1e6)),
             100_000, 1000, lambda n: n, k=1000),
    simple("cancel/own", "ns/task", "100k tasks in select{receive, done}; done closes",
           100_000, 1000, lambda n: n),
    simple("cancel/shared", "ns/task", "the same, all at one channel",
           100_000, 1000, lambda n: n),
    simple("broadcast", "ns/value", "one publisher, eight subscribers, each of which gets each value",
           2_000_000, 8000, lambda n: 8 * sum_below(n // 8), k=8),
    simple("watch", "ns/value", "one setter, eight watchers, each of which sees each value",
           2_000_000, 8000, lambda n: n * (n // 8 + 1) // 2, k=8),
    simple("oneshot", "ns/reply", "a request through a channel of capacity 1, a reply by oneshot",
           1_000_000, 10_000, lambda n: n * (n + 1) // 2),
    simple("shared_mutex", "ns/lock", "eight readers and a writer, which wait while they hold it, now and then",
           1_800_000, 9000, lambda n: n, k=8),
    simple("semaphore", "ns/permit", "eight tasks, four permits, each held for a turn",
           2_000_000, 8000, lambda n: n, k=8),
    simple("rate_limiter", "ns/turn", "a rate at which nobody has to wait",
           2_000_000, 10_000, lambda n: n),
    Workload("echo", "TCP, 64 connections, 64 bytes: processor time of the server; time",
             (per_operation("echo/cpu", "us/request", 1000),
              Figure("echo/time", "us/request", lambda ops, amount, also: also / ops / 1000)),
             300_000, 6400, lambda n: n, k=64, server=True),
    idle("idle/read", "memory of TCP connections that wait for a first byte"),
    idle("idle/deadline", "the same with a deadline, far off", "_timed"),
]


@dataclass(frozen=True)
class Curve:
    """The cost of an operation as the number of things around it grows."""
    name: str
    program: str
    title: str
    things: str
    unit: str
    sizes: tuple
    operations: Callable[[int], int]  # for a size
    in_go: str = ""  # the form used in Go, if a reader must know it


def powers(base, most, least=1):
    sizes = [least]
    while sizes[-1] * base <= most:
        sizes.append(sizes[-1] * base)
    return tuple(sizes)


def rounds(total):
    """Divides `total` operations among the things, at least one for each."""
    return lambda size: size * max(1, total // size)


CURVES = [
    Curve("tasks", "scale_tasks", "Tasks that take turns", "tasks", "ns per turn",
          powers(10, 1_000_000), rounds(1_000_000)),
    Curve("channels", "scale_channels", "Unbuffered channels, a pair of tasks at each",
          "channels", "ns per value", powers(10, 100_000), rounds(1_000_000)),
    Curve("arms", "scale_arms", "A select that waits: one sender, a channel at a time",
          "arms", "ns per value", powers(2, 1024), lambda size: max(2000, 200_000 // size),
          "reflect.Select"),
    Curve("selector", "scale_selector", "The same by a selector, which keeps its arms",
          "arms", "ns per value", powers(2, 1024), lambda size: max(2000, 200_000 // size),
          "reflect.Select"),
    Curve("timers", "scale_timers", "Sleeping tasks: processor time", "tasks",
          "ns per sleep", powers(10, 1_000_000),
          lambda size: size * max(1, min(100, 10_000 // size))),
    Curve("waiters", "scale_waiters", "Receivers that wait at one channel", "receivers",
          "ns per value", powers(10, 1_000_000), lambda size: 200_000),
    Curve("cancel", "cancel_shared", "Tasks that wait at one channel, and are cancelled",
          "tasks", "ns per task", powers(10, 1_000_000, 10), lambda size: size),
]
