# SPDX-License-Identifier: BSL-1.0
"""A machine in simulated time: cores, threads that share them, cache lines, locks.

A thread is a generator. It yields the nanoseconds for which it needs its core, or BLOCK, or YIELD."""

import heapq
from collections import deque

BLOCK, YIELD = object(), object()
SLICE = 3e6         # of a thread that shares its core, in ns; Linux's own
SOON = 1e6          # a thread that has run so long gives way to one that was woken
CHUNK = 250e3       # long work is cut into such pieces


class Line:
    """A cache line. A core that writes it takes it from all others; one that reads it shares it."""
    __slots__ = ("holders", "free_at", "costs_nothing")

    def __init__(self):
        self.holders = set()
        self.free_at = 0.0
        self.costs_nothing = False


class Thread:
    def __init__(self, name, body):
        self.name, self.body = name, body
        self.core = None
        self.state = "ready"      # ready, running, blocked, waking, ended
        self.token = False        # it was woken before it blocked
        self.used = 0.0           # of its slice
        self.debt = 0.0           # that other threads have put on it


class Machine:
    def __init__(self, cores, costs):
        self.costs = costs
        self.now = 0.0
        self.heap, self.number = [], 0
        self.idle_cores = list(range(cores))[::-1]
        self.ready = deque()
        self.running = {}         # core: thread
        self.transfers = 0
        self.stopped = False

    # -- events ---------------------------------------------------------------------

    def at(self, time, call, *args):
        self.number += 1
        heapq.heappush(self.heap, (time, self.number, call, args))

    def run(self, until=float("inf"), events=50_000_000):
        while self.heap and not self.stopped:
            if self.heap[0][0] > until:
                return
            time, _, call, args = heapq.heappop(self.heap)
            events -= 1
            if events < 0:
                raise RuntimeError("the simulation does not end")
            self.now = time
            call(*args)

    # -- threads --------------------------------------------------------------------

    def start(self, name, body):
        thread = Thread(name, body)
        self.make_ready(thread)
        return thread

    def make_ready(self, thread):
        thread.state = "ready"
        if self.idle_cores:
            self.give(self.idle_cores.pop(), thread)
        else:
            self.ready.append(thread)

    def give(self, core, thread):
        thread.core, thread.state, thread.used = core, "running", 0.0
        self.running[core] = thread
        self.at(self.now, self.step, thread)

    def leave(self, thread, state):
        thread.state = state
        core, thread.core = thread.core, None
        del self.running[core]
        if self.ready:
            self.give(core, self.ready.popleft())
        else:
            self.idle_cores.append(core)

    def step(self, thread):
        if self.ready and thread.used > SOON and (
                thread.used > SLICE or self.ready[0].used < thread.used):
            self.ready.append(thread)
            return self.leave(thread, "ready")
        try:
            wanted = next(thread.body)
        except StopIteration:
            return self.leave(thread, "ended")
        if wanted is BLOCK:
            if thread.token:
                thread.token = False
                self.at(self.now, self.step, thread)
            else:
                self.leave(thread, "blocked")
        elif wanted is YIELD:
            if self.ready:
                self.ready.append(thread)
                self.leave(thread, "ready")
            else:
                self.at(self.now + self.costs["yield"], self.step, thread)
        else:
            wanted += thread.debt
            thread.debt = 0.0
            thread.used += wanted
            self.at(self.now + wanted, self.step, thread)

    def wake(self, thread, latency):
        if thread.state == "blocked":
            thread.state = "waking"
            self.at(self.now + latency, self.make_ready, thread)
        elif thread.state != "ended":
            thread.token = True

    # -- cache lines ----------------------------------------------------------------

    def read(self, thread, line):
        """Returns what it costs now. Lines are read by many cores at once, but written by one."""
        if thread.core in line.holders or line.costs_nothing:
            return 0.0
        line.holders.add(thread.core)
        self.transfers += 1
        wait = max(0.0, line.free_at - self.now)
        line.free_at = self.now + wait + self.costs["line"] / 8
        return wait + self.costs["line"]

    def write(self, thread, line):
        if not line.holders or line.holders == {thread.core} or line.costs_nothing:  # none: it is new
            line.holders = {thread.core}
            return 0.0
        line.holders = {thread.core}
        self.transfers += 1
        wait = max(0.0, line.free_at - self.now)
        line.free_at = self.now + wait + self.costs["line"]
        return wait + self.costs["line"]

    # -- the barrier of membarrier(2) -------------------------------------------------

    def barrier(self, thread):
        """Returns what it costs `thread`. Each core that runs another thread is interrupted."""
        others = [t for t in self.running.values() if t is not thread]
        for t in others:
            t.debt += self.costs["barrier_victim"]
        if not others:
            return self.costs["barrier_alone"]
        return self.costs["barrier_busy"] + (len(others) - 1) * self.costs["barrier_more"]


class SpinLock:
    """spin_lock (detail/platform/config.hpp, lib/platform/locks.cpp): a thread that finds it taken
    looks away for 256 pauses, and then looks until it is free."""

    def __init__(self, machine, pauses):
        self.machine, self.pauses = machine, pauses
        self.line, self.taken = Line(), False
        self.waits = 0

    def lock(self, thread):
        m = self.machine
        while True:
            cost = m.write(thread, self.line)
            if cost:
                yield cost
            if not self.taken:
                self.taken = True
                return
            self.waits += 1
            yield self.pauses * m.costs["pause"]
            looks = 0
            while self.taken:
                yield m.read(thread, self.line) + 4 * m.costs["pause"]
                looks += 4
                if looks >= 100:
                    looks = 0
                    yield YIELD

    def unlock(self):
        self.taken = False


class Mutex:
    """A pthread mutex: a thread that finds it taken sleeps on a futex."""

    def __init__(self, machine):
        self.machine = machine
        self.line, self.taken = Line(), False
        self.sleepers = deque()
        self.waits, self.held, self.since = 0, 0.0, 0.0

    def lock(self, thread):
        m = self.machine
        while True:
            yield m.write(thread, self.line) + m.costs["mutex"] / 2
            if not self.taken:
                self.taken, self.since = True, m.now
                return
            self.waits += 1
            yield m.costs["syscall"]
            if not self.taken:
                continue
            self.sleepers.append(thread)
            yield BLOCK

    def unlock(self, thread):
        m = self.machine
        self.taken = False
        self.held += m.now - self.since
        if self.sleepers:
            m.wake(self.sleepers.popleft(), m.costs["futex_latency"])
            yield m.costs["futex_call"]
