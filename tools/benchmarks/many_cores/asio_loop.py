# SPDX-License-Identifier: BSL-1.0
"""Asio's io_context on Linux: asio/detail/impl/scheduler.ipp, posix_event.hpp, epoll_reactor.ipp.

One mutex, one queue of handlers, one reactor: one thread at a time watches it."""

from collections import deque

from .machine import BLOCK, Mutex

WATCH = object()  # task_operation_ in the queue


class Loop:
    def __init__(self, machine):
        self.machine = machine
        self.mutex = Mutex(machine)
        self.queue = deque([WATCH])
        self.sleepers = deque()   # in wakeup_event_
        self.waiting = 0          # those, and those that have been signalled but do not hold the mutex yet
        self.signalled = False
        self.interrupted = True   # task_interrupted_
        self.watcher = None       # sleeps in epoll_wait
        self.ready_events = []    # what the next epoll_wait returns
        self.source = None        # a supply of events, for the simulation of sockets
        self.private = {}         # private_op_queue, by thread
        self.timer_number = 0
        self.wakes = self.looks = 0

    def post(self, thread, handler):
        """scheduler::post_immediate_completion"""
        yield from self.mutex.lock(thread)
        self.queue.append(handler)
        yield from self.wake_one_and_unlock(thread)

    def defer(self, thread, handler):
        """The same with is_continuation, on a thread of this loop."""
        self.private.setdefault(thread, []).append(handler)

    def signal(self, thread):
        m = self.machine
        m.wake(self.sleepers.popleft(), m.costs["futex_latency"])
        self.wakes += 1
        yield m.costs["futex_call"]

    def wake_one_and_unlock(self, thread):
        """scheduler::wake_one_thread_and_unlock"""
        self.signalled = True
        if self.waiting:
            yield from self.mutex.unlock(thread)
            if self.sleepers:
                yield from self.signal(thread)
            return
        if not self.interrupted:
            self.interrupted = True
            yield from self.interrupt()
        yield from self.mutex.unlock(thread)

    def interrupt(self):
        """epoll_reactor::interrupt"""
        m = self.machine
        if self.watcher:
            watcher, self.watcher = self.watcher, None
            m.wake(watcher, m.costs["epoll_latency"])
            yield m.costs["epoll_call"]
        else:
            yield m.costs["syscall"]

    def event(self, handler):
        """The kernel has an event, of a socket or the timer."""
        m = self.machine
        self.ready_events.append(handler)
        if self.watcher:
            watcher, self.watcher = self.watcher, None
            m.wake(watcher, m.costs["epoll_latency"])

    def arm(self, at, handler):
        """epoll_reactor::schedule_timer: one timerfd, here for one timer after another."""
        m = self.machine
        m.at(max(at, m.now), self.event, handler)
        return m.costs["timer_set"]

    def run_thread(self, thread_of, complete):
        """scheduler::run: `complete(thread, handler)` runs a handler."""
        thread = thread_of()
        m = self.machine
        yield from self.mutex.lock(thread)
        while True:
            if not self.queue:
                self.signalled = False
                while not self.signalled:
                    self.sleepers.append(thread)
                    self.waiting += 1
                    yield from self.mutex.unlock(thread)
                    while thread in self.sleepers:
                        yield BLOCK
                    yield from self.mutex.lock(thread)
                    self.waiting -= 1
                continue
            handler = self.queue.popleft()
            more = bool(self.queue)
            if handler is WATCH:
                self.interrupted = more
                self.signalled = self.signalled or more
                yield from self.mutex.unlock(thread)
                if more and self.sleepers:
                    yield from self.signal(thread)
                yield from self.watch(thread, not more)
                found, self.ready_events = self.ready_events[:128], self.ready_events[128:]
                yield m.costs["epoll_event"] * len(found)
                yield from self.mutex.lock(thread)
                self.interrupted = True
                self.queue.extend(found)
                self.queue.append(WATCH)
                continue
            if more:
                yield from self.wake_one_and_unlock(thread)
            else:
                yield from self.mutex.unlock(thread)
            yield from complete(thread, handler)
            yield from self.mutex.lock(thread)
            self.queue.extend(self.private.pop(thread, ()))

    def watch(self, thread, block):
        """epoll_reactor::run"""
        self.looks += 1
        yield self.machine.costs["epoll_look"]
        if self.source:
            self.ready_events.extend(self.source())
        if block and not self.ready_events and not self.interrupted:
            self.watcher = thread
            yield BLOCK
            if self.watcher is thread:
                self.watcher = None
            if self.source:
                self.ready_events.extend(self.source())
