# SPDX-License-Identifier: BSL-1.0
"""The programs that are simulated: those of tools/benchmarks/heddle/, and a server with sockets."""

from dataclasses import dataclass, field

from .asio_loop import Loop
from .host import Channel, ParallelHost, Task, Worker
from .machine import Machine


@dataclass
class Outcome:
    ns: float
    all_begun: float = None    # when each worker had begun a task
    stats: dict = field(default_factory=dict)
    machine: Machine = None
    host: ParallelHost = None


class Run:
    """A parallel host of `threads` workers on `threads` threads of a machine with `cores` cores."""

    def __init__(self, threads, cores, costs, rules, operations, changed=(), loops=1, seed=1, free=()):
        """The lines that are named in `free` cost nothing."""
        self.machine = Machine(cores, costs)
        self.loops = [Loop(self.machine) for _ in range(loops)]
        self.host = ParallelHost(self.machine, self.loops, threads, rules, operations, changed, seed)
        lines = {"ids": [self.host.ids], "search": [self.host.state],
                 "registry": [x.registry for x in self.host.workers],
                 "mutex": [l.mutex.line for l in self.loops]}
        for name in free:
            for line in lines[name]:
                line.costs_nothing = True
        self.threads = []
        for i in range(threads):
            loop = self.loops[i % loops]
            self.threads.append(self.machine.start(i, self.thread(loop, i)))

    def thread(self, loop, i):
        yield 0
        yield from loop.run_thread(lambda: self.threads[i], self.host.complete)

    def go(self, body, worker=0):
        """Starts a task before the threads run, as heddle::run does with its main."""
        w = self.host.workers[worker]
        task = Task(body, w)
        task.fresh = False
        self.host.live += 1
        w.inbox.append(task)
        if w.idle:
            w.idle = False
            self.host.active += 1
            w.loop.queue.appendleft(("drain", w))
        return task

    def main(self, body, until=float("inf")):
        """Runs until `body` has ended."""
        task = self.go(body)
        ended = []

        def on_end(t):
            if t is task:
                ended.append(self.machine.now)
                self.machine.stopped = True
        self.host.on_end = on_end
        self.machine.run(until)
        if not ended:
            raise RuntimeError(f"main has not ended: {self.host.live} tasks live, search is"
                               f" {self.host.search}, at {self.machine.now:.0f} ns")
        return ended[0]


def toil(ns):
    yield ("work", ns)


def burst(run, n, ns, before=2e6):
    began = []

    def main():
        yield ("work", before)
        began.append(run.machine.now)
        tasks = []
        for _ in range(n):
            tasks.append((yield ("go", toil(ns))))
        for t in tasks:
            yield ("join", t)
    end = run.main(main())
    begun = run.host.all_begun
    return Outcome(end - began[0], begun - began[0] if begun else None, run.host.stats,
                   run.machine, run.host)


def increment(ping, pong):
    while (yield ("receive", ping)):
        yield ("send", pong)


def play(run, n):
    ping, pong = Channel(run.host, 0), Channel(run.host, 0)
    yield ("go", increment(ping, pong))
    for _ in range(n):
        yield ("send", ping)
        yield ("receive", pong)
    yield ("close", ping)


def join_all(bodies):
    tasks = []
    for body in bodies:
        tasks.append((yield ("go", body)))
    for t in tasks:
        yield ("join", t)


def timed(run, body):
    return Outcome(run.main(body), run.host.all_begun, run.host.stats, run.machine, run.host)


def pairs(run, n, k):
    return timed(run, join_all(play(run, n // k) for _ in range(k)))


def ping_pong(run, n):
    return timed(run, play(run, n))


def fan_out(run, n, k, ns=1000):
    c = Channel(run.host, 64)

    def receive():
        while (yield ("receive", c)):
            yield ("work", ns)

    def main():
        tasks = []
        for _ in range(k):
            tasks.append((yield ("go", receive())))
        for _ in range(n):
            yield ("send", c)
        yield ("close", c)
        for t in tasks:
            yield ("join", t)
    return timed(run, main())


def mpmc(run, n, k):
    c = Channel(run.host, 64)

    def receive():
        while (yield ("receive", c)):
            pass

    def send():
        for _ in range(n // k):
            yield ("send", c)

    def main():
        senders, receivers = [], []
        for _ in range(k):
            senders.append((yield ("go", send())))
            receivers.append((yield ("go", receive())))
        for t in senders:
            yield ("join", t)
        yield ("close", c)
        for t in receivers:
            yield ("join", t)
    return timed(run, main())


def empty():
    return
    yield


def spawners(run, n, k):
    def spawn():
        for _ in range(n // k):
            yield ("join", (yield ("go", empty())))
    return timed(run, join_all(spawn() for _ in range(k)))


def skynet(run, leaves):
    def node(n):
        if n > 1:
            yield from join_all(node(n // 10) for _ in range(10))
    return timed(run, node(leaves))


# -- what is measured after the beginning: each worker has its own tasks from the start ----------------

def steady(run, per_worker, make, begin, window):
    """Returns how many times `make`'s tasks count in `window` ns, after `begin` ns."""
    count = [0]
    for i in range(len(run.host.workers)):
        for _ in range(per_worker):
            run.go(make(count), i)
    run.machine.run(begin)
    before = count[0]
    run.machine.run(begin + window)
    return (count[0] - before) / window * 1e9


def talkers(run, per_worker=2, begin=300e3, window=300e3):
    def make(count):
        ping, pong = Channel(run.host, 0), Channel(run.host, 0)
        yield ("go", increment(ping, pong))
        while True:
            yield ("send", ping)
            yield ("receive", pong)
            count[0] += 1
    return steady(run, per_worker, make, begin, window)


def breeders(run, begin=200e3, window=200e3):
    """Each worker spawns tasks and joins them."""
    def make(count):
        while True:
            yield ("join", (yield ("go", empty())))
            count[0] += 1
    return steady(run, 2, make, begin, window)


def one_channel(run, begin=300e3, window=300e3, ns=1000):
    """Each worker has a sender and a receiver of one channel; a value costs `ns` of work at both ends."""
    c = Channel(run.host, 64)

    def receive(count):
        while True:
            yield ("receive", c)
            yield ("work", ns)
            count[0] += 1

    def send(count):
        while True:
            yield ("work", ns)
            yield ("send", c)
    for i in range(len(run.host.workers)):
        run.go(send([0]), i)
    return steady(run, 1, receive, begin, window)


def server(run, connections, work, begin=1e6, window=1e6):
    """All sockets are ready all the time. For each event a task reads, works and writes. Its home is the
    worker that ran it last (begin_turn)."""
    m, host, costs = run.machine, run.host, run.machine.costs
    done = [0]
    homes = {}
    loops = run.loops
    ready = {id(l): list(range(i, connections, len(loops))) for i, l in enumerate(loops)}

    def home_of(c, loop):
        if c not in homes:
            own = host.workers[loops.index(loop)::len(loops)]
            homes[c] = own[host.random.randrange(len(own))]
        return homes[c]

    def serve(c, loop):
        """A turn of the task, on whatever worker runs it."""
        def turn(th, w):
            homes[c] = w
            host.stats["turns"] += 1
            yield costs["socket_read"] + work + costs["socket_write"] + host.cost["turn"]
            done[0] += 1
            ready[id(loop)].append(c)
        return turn

    def handler(c, loop):
        """descriptor_state::do_complete, then host::run_here: becomes the drainer of the home, or submits."""
        def complete(th, _):
            w = home_of(c, loop)
            yield m.write(th, w.word)
            if w.idle:
                w.idle = False
                host.active += 1
                yield m.write(th, host.state)
                yield from host.drain(th, w, serve(c, loop))
            else:
                yield from host.submit(th, w, serve(c, loop))
        return ("io", None, complete)

    for loop in loops:
        def source(loop=loop):
            mine = ready[id(loop)]
            now, mine[:] = mine[:128], mine[128:]
            return [handler(c, loop) for c in now]
        loop.source = source
    m.run(begin)
    before = done[0]
    m.run(begin + window)
    return (done[0] - before) / window * 1e9
