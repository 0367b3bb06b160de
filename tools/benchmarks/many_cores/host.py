# SPDX-License-Identifier: BSL-1.0
"""The parallel host in simulated time. Each method names the function of lib/ that it copies.

A task is a generator that yields what it does: ("work", ns), ("go", body), ("join", task), ("send", channel),
("receive", channel), ("close", channel)."""

import random
from collections import deque

from .machine import CHUNK, YIELD, Line, SpinLock

NONE, AWAKE, ASLEEP, CROWDED = "none", "awake", "asleep", "crowded"
NEVER = float("inf")


class Task:
    __slots__ = ("body", "born_at", "done", "joiner", "called", "runs", "value", "fresh", "line")

    def __init__(self, body, born_at):
        self.body, self.born_at = body, born_at
        self.done = self.called = False
        self.fresh = True
        self.line = Line()          # its frame, and its block
        self.joiner = None
        self.runs = 0
        self.value = None


class Channel:
    def __init__(self, host, capacity):
        self.lock = SpinLock(host.machine, host.rules["lock_pauses"])
        self.data = Line()
        self.capacity, self.size, self.closed = capacity, 0, False
        self.senders, self.receivers = deque(), deque()


class Worker:
    def __init__(self, index, loop, batch):
        self.index, self.loop, self.batch = index, loop, batch
        self.fifo, self.inbox = deque(), deque()
        self.idle = True
        self.line = Line()          # struct worker: lock, ready, turns
        self.word = Line()          # the inbox
        self.registry = Line()
        self.numbers = 0
        self.stolen_from_until = 0.0
        self.turns = self.turns_seen = 0
        self.is_searcher = False
        self.look_at, self.found_at = NEVER, 0.0
        self.armed = NEVER
        self.busy_since = None


class ParallelHost:
    """`changed` names rules that differ from the code: "exchange_first" and "looks_back_off", which it had before,
    and "tree"."""

    def __init__(self, machine, loops, workers, rules, operations, changed=(), seed=1):
        self.machine, self.rules, self.cost = machine, rules, operations
        self.workers = [Worker(i, loops[i % len(loops)], rules["first_numbers"]) for i in range(workers)]
        self.changed = set(changed)
        self.random = random.Random(seed)
        self.search, self.backs_off, self.active = NONE, False, 0
        self.short_finds = 0
        self.asymmetric = workers <= rules["few"]
        self.state = Line()         # active_, search_, backs_off_
        self.ids = Line()           # last_task_number
        self.sleeping_searcher = None
        self.pause = rules["first_pause"]
        self.live = 0
        self.begun = set()          # workers that have run a task
        self.all_begun = None
        self.stats = dict(thefts=0, stolen=0, looks=0, wakes=0, turns=0, barrier=0.0, ids=0,
                          drains=0, ran=0, missed=0)
        self.on_end = None

    # -- the search: lib/parallel/worker_pool.cpp -------------------------------------

    def notice(self, th, ready):
        """worker_group::notice"""
        cost = self.machine.read(th, self.state)
        if cost:
            yield cost
        seen = self.search
        if seen == NONE or (seen == ASLEEP and ready > 1 and not self.backs_off):
            yield from self.wake_searcher(th, seen)

    def wake_searcher(self, th, seen):
        """worker_pool::wake_searcher"""
        yield self.machine.write(th, self.state)
        if self.search != seen:
            return
        self.search = AWAKE
        if seen == ASLEEP:
            if self.sleeping_searcher:
                yield from self.wake(th, self.sleeping_searcher, False)
            return
        while not (yield from self.wake_an_idle_one(th)):
            yield self.machine.write(th, self.state)
            self.search = CROWDED
            idle = any(w.idle for w in self.workers)
            yield sum(self.machine.read(th, w.word) for w in self.workers) * self.overlap()
            if not idle or self.search != CROWDED:
                return
            self.search = AWAKE

    def overlap(self):
        """Misses of loads that do not depend on each other overlap."""
        return self.machine.costs["overlap"]

    def wake_an_idle_one(self, th):
        """worker_pool::wake_an_idle_one: a locked exchange of an inbox that looks idle, until one was idle."""
        cost = 0.0
        for w in self.workers:
            if "exchange_first" not in self.changed:
                cost += self.machine.read(th, w.word) * self.overlap()
                if not w.idle:
                    continue
            cost += self.machine.write(th, w.word)
            if w.idle:
                if cost:
                    yield cost
                cost = 0.0
                if (yield from self.wake(th, w, True)):
                    return True
        yield cost
        return False

    def wake(self, th, w, to_search):
        """host::wake, host::wake_to_search"""
        cost = self.machine.write(th, w.word)
        if cost:
            yield cost
        if not w.idle:
            return False
        w.idle = False
        self.active += 1            # woken()
        yield self.machine.write(th, self.state)
        if to_search:
            w.is_searcher = True
        self.stats["wakes"] += 1
        yield from w.loop.post(th, ("drain", w))
        return True

    def find_work(self, th, me):
        """worker_pool::find_work"""
        m, r = self.machine, self.rules
        if not me.is_searcher:
            return (yield from self.steal(th, me, False))
        yield m.read(th, self.state)
        if self.active <= 1:
            return False
        start = m.now
        due = start >= me.look_at
        me.look_at = NEVER
        if not due:
            yield from self.look_around(th, me)
        found = yield from self.steal(th, me, due)
        while not found and m.now < start + r["patience"]:
            yield r["pauses_between_looks"] * m.costs["pause"] + m.costs["clock"]
            yield m.read(th, self.state)
            if self.active <= 1:
                return False
            if me.inbox:
                return (yield from self.take_inbox(th, me))
            found = yield from self.steal(th, me, False)
        if not found and not due:
            found = yield from self.steal(th, me, True)
        if not found:
            yield from self.look_around(th, me)
        return found

    def steal(self, th, me, stalled_too):
        """worker_pool::steal"""
        m = self.machine
        n = len(self.workers)
        start = self.random.randrange(n)
        cost = 0.0
        self.stats["looks"] += 1
        for i in range(n):
            victim = self.workers[(start + i) % n]
            if victim is me:
                continue
            cost += m.read(th, victim.line) * self.overlap()
            stalled = stalled_too and not victim.idle and victim.turns == victim.turns_seen
            ready = len(victim.fifo)
            if ready > 1 or (stalled and (ready == 1 or victim.inbox)):
                yield cost
                cost = 0.0
                if (yield from self.steal_from(th, me, victim, stalled)):
                    return True
        yield cost + n * 1.0
        return bool(me.fifo)

    def look_around(self, th, me):
        """worker_pool::look_around"""
        cost = 0.0
        for w in self.workers:
            if w is not me:
                cost += self.machine.read(th, w.line) * self.overlap() + 1.0
                w.turns_seen = w.turns
        yield cost

    def end_search(self, th, me):
        """worker_pool::end_search"""
        me.is_searcher, me.look_at = False, NEVER
        me.found_at = self.machine.now
        yield self.machine.write(th, self.state)
        self.search = NONE
        yield from self.wake_searcher(th, NONE)
        if "tree" in self.changed and len(me.fifo) > 1 and self.search == AWAKE:
            yield from self.wake_an_idle_one(th)   # a second one: the searchers become a tree

    def before_idle(self, th, me):
        """worker_pool::before_idle"""
        m, r = self.machine, self.rules
        yield m.read(th, self.state)
        others = self.active > 1
        if not me.is_searcher:
            if not others or self.search not in (NONE, CROWDED):
                return
            yield m.write(th, self.state)
            if self.search not in (NONE, CROWDED):
                return
            self.search = AWAKE
            me.is_searcher = True
            if m.now - me.found_at >= r["worthwhile"]:
                self.pause = r["first_pause"]
                self.short_finds = 0
            else:
                self.short_finds += 1
            yield from self.look_around(th, me)
        yield m.write(th, self.state) + m.costs["clock"]
        if others:
            me.look_at = m.now + self.pause
            self.backs_off = (self.pause >= 800e3 if "looks_back_off" in self.changed
                              else self.short_finds >= r["enough"])
            self.pause = min(2 * self.pause, r["last_pause"])
            self.sleeping_searcher = me
            self.search = ASLEEP
        else:
            me.is_searcher, me.look_at = False, NEVER
            self.search = NONE

    def after_idle(self, th, me, is_searcher):
        """worker_pool::after_idle"""
        yield self.machine.write(th, self.state)
        self.active -= 1
        last = self.active == 0
        seen = self.search
        if seen == CROWDED or (seen == NONE and not last):
            yield from self.wake_searcher(th, seen)
        elif seen == ASLEEP and last:
            if self.sleeping_searcher:
                yield from self.wake(th, self.sleeping_searcher, False)
        elif seen == AWAKE and is_searcher:
            yield from self.wake(th, me, False)

    # -- a worker's FIFO: lib/core/host_worker.cpp --------------------------------------

    def own_lock(self, th, w):
        """biased_lock::lock: two stores and a load, or a locked exchange, unless a thief is inside."""
        cost = self.machine.write(th, w.line) + (0 if self.asymmetric else self.machine.costs["add"])
        if cost:
            yield cost
        while self.machine.now < w.stolen_from_until:
            yield min(w.stolen_from_until - self.machine.now, 100 * self.machine.costs["pause"])
            if self.machine.now < w.stolen_from_until:
                yield YIELD

    def push(self, th, w, task):
        """host::push_shared"""
        yield from self.own_lock(th, w)
        w.fifo.append(task)
        yield from self.notice(th, len(w.fifo))

    def take_inbox(self, th, w):
        """host::take_inbox_shared"""
        yield from self.own_lock(th, w)
        yield self.machine.write(th, w.word)
        w.fifo.extend(w.inbox)
        w.inbox.clear()
        n = len(w.fifo)
        if n:
            yield from self.notice(th, n)
        return n != 0

    def submit(self, th, w, turn):
        """host::submit_shared"""
        yield self.machine.write(th, w.word) + 10
        if w.idle:
            w.idle = False
            w.inbox.append(turn)
            self.active += 1
            yield self.machine.write(th, self.state)
            yield from w.loop.post(th, ("drain", w))
            return
        w.inbox.append(turn)
        yield from self.notice(th, 1)

    def steal_from(self, th, me, victim, stalled):
        """host::steal_from: the barrier, then half of the tasks, each on a line of its own."""
        m = self.machine
        yield m.write(th, victim.line)
        if m.now < victim.stolen_from_until:
            self.stats["missed"] += 1
            return False            # another thief is at it
        victim.stolen_from_until = NEVER
        if self.asymmetric:
            cost = m.barrier(th)
            self.stats["barrier"] += cost
            yield cost
        if stalled:
            victim.fifo.extend(victim.inbox)
            victim.inbox.clear()
        left = min((len(victim.fifo) + 1) // 2, int(self.rules["most"]))
        taken, kept = [], deque()
        while victim.fifo and len(taken) < left:
            task = victim.fifo.popleft()
            if isinstance(task, Task):
                taken.append(task)
                task.fresh = False
            else:
                kept.append(task)
        kept.extend(victim.fifo)
        victim.fifo = kept
        victim.stolen_from_until = m.now + len(taken) * m.costs["node"]
        yield len(taken) * m.costs["node"]
        if not taken:
            self.stats["missed"] += 1
            return False
        self.stats["thefts"] += 1
        self.stats["stolen"] += len(taken)
        yield from self.own_lock(th, me)
        me.fifo.extend(taken)
        return True

    # -- the drain loop: lib/core/host.cpp ------------------------------------------------

    def drain(self, th, w, first=None):
        """host::drain_as<true>"""
        m = self.machine
        budget = int(self.rules["turns_of_a_drain"])
        self.stats["drains"] += 1
        if first:
            yield from first(th, w)
        elif w.inbox:
            yield from self.take_inbox(th, w)
        while True:
            if not w.fifo:
                if w.inbox:
                    yield from self.take_inbox(th, w)
                elif not (yield from self.find_work(th, w)):
                    if (yield from self.go_idle(th, w)):
                        return
                    if not w.fifo:
                        continue
            if w.is_searcher:
                yield from self.end_search(th, w)
            if budget <= 0:
                w.loop.defer(th, ("drain", w))     # post_drain(true)
                return
            budget -= 1
            yield from self.own_lock(th, w)
            if not w.fifo:
                continue            # another worker was quicker
            turn = w.fifo.popleft()
            if isinstance(turn, Task):
                yield from self.run_task(th, w, turn)
            else:
                yield from turn(th, w)

    def go_idle(self, th, w):
        """host::go_idle_shared, host::settle_timer, host::close_inbox_shared"""
        yield from self.before_idle(th, w)
        is_searcher = w.is_searcher
        if w.look_at != NEVER and w.armed != w.look_at:
            w.armed = w.look_at
            yield w.loop.arm(w.look_at, ("timer", w))
        yield from self.own_lock(th, w)
        yield self.machine.write(th, w.word) + 10
        if w.fifo or w.inbox:
            yield from self.take_inbox(th, w)
            return False
        w.idle = True
        yield from self.after_idle(th, w, is_searcher)
        return True

    def complete(self, th, handler):
        """What a thread does with a handler of the loop."""
        kind, w = handler[:2]
        if kind == "drain":
            yield from self.drain(th, w)
        elif kind == "timer":       # host::timer_fired
            w.armed = NEVER
            yield self.machine.write(th, w.word)
            if w.idle:
                w.idle = False
                self.active += 1
                yield self.machine.write(th, self.state)
                yield from self.drain(th, w)
        else:
            yield from handler[2](th, w)

    # -- tasks ---------------------------------------------------------------------------

    def spawn(self, th, w, body):
        """host::launch, task_registry::add"""
        task = Task(body, w)
        self.live += 1
        cost = self.cost["go"] + self.machine.write(th, w.registry)
        if w.numbers == 0:
            cost += self.machine.write(th, self.ids) + 5
            self.stats["ids"] += 1
            w.numbers = int(w.batch)
            w.batch = min(2 * w.batch, self.rules["most_numbers"])
        w.numbers -= 1
        yield cost
        yield from self.push(th, w, task)
        return task

    def run_task(self, th, w, task):
        """host::resume_next: runs the task, and those that it calls, until it waits or ends."""
        m, c = self.machine, self.cost
        while task:
            w.turns += 1
            self.stats["turns"] += 1
            task.fresh = False
            if w.index not in self.begun:
                self.begun.add(w.index)
                if len(self.begun) == len(self.workers):
                    self.all_begun = m.now
            yield c["turn"] + m.write(th, task.line)
            task = yield from self.advance(th, w, task)

    def advance(self, th, w, task):
        """Returns the task that goes on next without a place in the FIFO, or None."""
        m, c = self.machine, self.cost
        while True:
            try:
                op, what = task.body.send(task.value)
            except StopIteration as end:
                return (yield from self.end(th, w, task, end.value))
            task.value = None
            if op == "work":
                while what > 0:
                    yield min(what, CHUNK)
                    what -= CHUNK
            elif op == "go":
                task.value = yield from self.spawn(th, w, what)
            elif op == "join":
                yield c["join"]
                if what.done:
                    continue
                what.joiner = task
                if what.fresh and what.born_at is w and what in w.fifo:
                    w.fifo.remove(what)            # begin_fresh_shared
                    what.called = True
                    return what
                return None
            elif op == "yield":
                yield from self.push(th, w, task)
                return None
            elif not (yield from self.use(th, w, task, op, what)):
                return None

    def end(self, th, w, task, value):
        """host::reap: leaves the registry of the worker where it began."""
        m = self.machine
        yield self.cost["end"] + m.write(th, task.born_at.registry)
        task.done = True
        self.live -= 1
        self.stats["ran"] += 1
        if self.on_end:
            self.on_end(task)
        if task.joiner:
            if task.called:
                return task.joiner
            yield from self.push(th, w, task.joiner)
        return None

    def use(self, th, w, task, op, channel):
        """channel_core::send_locked, receive_locked; returns whether the task goes on."""
        m = self.machine
        yield from channel.lock.lock(th)
        yield m.write(th, channel.data) + self.cost["channel"]
        woken, goes_on = [], True
        if op == "close":
            channel.closed = True
            woken, channel.receivers = list(channel.receivers), deque()
            for other in woken:
                other.value = False
        elif op == "send":
            if channel.receivers:
                woken = [channel.receivers.popleft()]
                woken[0].value = True
            elif channel.size < channel.capacity:
                channel.size += 1
            else:
                channel.senders.append(task)
                goes_on = False
        elif channel.size or channel.senders:
            task.value = True
            if channel.senders:
                woken = [channel.senders.popleft()]
            else:
                channel.size -= 1
        elif channel.closed:
            task.value = False
        else:
            channel.receivers.append(task)
            goes_on = False
        if woken:
            yield sum(self.cost["wake"] + m.write(th, other.line) for other in woken)
        channel.lock.unlock()
        for other in woken:
            yield from self.push(th, w, other)     # host::ready: on this worker
        return goes_on
