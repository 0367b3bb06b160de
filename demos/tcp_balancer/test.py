# SPDX-License-Identifier: BSL-1.0
"""Balances over web servers (python3 -m http.server), one of which is killed and comes back."""
import atexit
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter

from serving import Nc, Peer, Server, expect

urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
directory = tempfile.TemporaryDirectory()
size = 3_000_000


class Backend:
    """A web server: /name has its name, /large is a large file."""

    def __init__(self, name):
        self.name, self.port = name, 0
        self.root = os.path.join(directory.name, name)
        os.mkdir(self.root)
        for file, text in (("name", name), ("large", name * size)):
            with open(os.path.join(self.root, file), "w") as out:
                out.write(text)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", str(self.port), "--bind", "127.0.0.1",
             "--directory", self.root], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        self.port = int(self.process.stdout.readline().split()[5])

    def kill(self):
        self.process.kill()
        self.process.wait()


backends = {name: Backend(name) for name in "abc"}
server = Server(sys.argv[1], *(str(b.port) for b in backends.values()))


def get(path="name"):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/{path}") as answer:
        return answer.read().decode()


def settle(wanted):
    """Waits until the balancer has so many connections to backends."""
    ports = {f"{b.port:04X}" for b in backends.values()}
    while True:
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file]
        # 01: established; 08: the backend has closed, but the balancer has not yet
        if wanted == sum(row[2][-4:] in ports and row[3] in ("01", "08") for row in rows):
            return


class Idle(Peer):
    """A connection that has not asked anything yet."""

    def ask(self):
        self.send(b"GET /name HTTP/1.0\r\n\r\n")
        try:
            name = self.input.read()[-1:].decode()
        except ConnectionError:
            name = ""
        self.close()
        return name


def hold(count):
    peers = []
    for number in range(count):
        peers.append(Idle(server))
        settle(number + 1)
    return peers


# The least loaded backend gets a connection: nine that wait are three for each.
expect(Counter(peer.ask() for peer in hold(9)), Counter(a=3, b=3, c=3), "nine idle connections went to")
settle(0)

# A backend with fewer connections gets the next one.
idle, freed = hold(6), []
for peer in idle[:4]:
    name = peer.ask()
    settle(5)
    freed.append((Idle(server), name))
    settle(6)
for peer, name in freed:
    expect(peer.ask(), name, "the next one went to")
for peer in idle[4:]:
    peer.close()
settle(0)

# Large answers arrive whole, through nc too, which closes its half after the request.
large = get("large")
expect(large, large[0] * size, "large")
client = Nc(server)
client.say("GET /name HTTP/1.0", "")
client.leave()
client.hear_until("")
if client.hear() not in "abc":
    sys.exit("nc got no answer")

# A client does not read: the data between is bounded, and the other clients do not wait for it.
before = server.status("VmHWM")
slow = [Peer(server, receive=4096) for _ in range(12)]
for peer in slow:
    peer.send(b"GET /large HTTP/1.0\r\n\r\n")
    expect(peer.hear().split()[1], "200", "slow:")
if get() not in "abc":
    sys.exit("the others have to wait for the slow")
grown = server.status("VmHWM") - before
if grown > 10000:
    sys.exit(f"it grew by {grown} kB for 36 MB that nobody reads")
for peer in slow:
    peer.reset()

# One client leaves in the middle of its request, by RST, and another sends nonsense.
for data in (b"GET /na", b"\0\xff nonsense\r\n\r\n"):
    rude = Peer(server)
    rude.send(data)
    rude.reset()
silent = Peer(server)
silent.half_close()
silent.check_closed()
silent.close()

# A backend is killed while it has connections: these are closed, and all later connections are served.
settle(0)
idle = hold(6)
backends["b"].kill()
expect(Counter(peer.ask() for peer in idle)[""], 2, "connections of the killed one that were closed:")
expect({get() for _ in range(30)} - {"a", "c"}, set(), "answers of the killed one:")

# The backend comes back, and gets connections again after a second.
backends["b"].start()
until = time.monotonic() + 20
while get() != "b":
    if time.monotonic() > until:
        sys.exit("nobody found the backend that came back")

# When no backend is left, the connection is closed, and the balancer prints that.
for each in backends.values():
    each.kill()
lonely = Peer(server)
lonely.check_closed()
expect(server.stderr().splitlines()[-1], "no backend answers")
for each in backends.values():
    each.start()
if get() not in "abc":
    sys.exit("no answer when they have come back")
server.stop(signal.SIGINT)
