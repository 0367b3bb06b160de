# SPDX-License-Identifier: BSL-1.0
"""Many connections share few workers: through nc, and with clients that misbehave."""
import signal
import sys
import time

from serving import Nc, Peer, Server, expect

server = Server(sys.argv[1])
server.check_port_is_taken()


def reversed_line(peer, line):
    """Checks the answer, and returns the worker that made it."""
    answer, _, worker = peer.hear().rpartition(" by ")
    expect(answer, line[::-1])
    return worker


nc = Nc(server)
nc.say("abc", "", "level up")
for line in ("abc", "", "level up"):
    reversed_line(nc, line)

# Twenty clients send two lines each at once; each gets its own answers, in order, from two workers that need 20 ms each.
began = time.monotonic()
peers = [Peer(server) for _ in range(20)]
for number, peer in enumerate(peers):
    peer.say(f"first {number}", f"second {number}")
makers = set()
for number, peer in enumerate(peers):
    makers |= {reversed_line(peer, f"first {number}"), reversed_line(peer, f"second {number}")}
expect(makers, {"1", "2"}, "made by")
took = time.monotonic() - began
if took < 20 * 0.020:
    sys.exit(f"40 lines took {took} s: more than two were at work")

# The longest line that is allowed, and a longer one.
peer = Peer(server)
peer.say("x" * 1023)
reversed_line(peer, "x" * 1023)
peer.send(b"x" * 1024 + b"\n")
peer.check_closed()

# Clients leave by RST or FIN, within a line, or while a worker serves them; one client stays and is silent.
for said in (b"half a li", b"whole\n"):
    for leave in (Peer.reset, Peer.half_close):
        peer = Peer(server)
        peer.send(said)
        leave(peer)
        nc.say("there?")
        reversed_line(nc, "there?")
silent = Peer(server)

# The input of a client that does not read is not read either, so no buffer grows.
before = server.status("VmHWM")
slow = Peer(server, receive=4096)
slow.socket.settimeout(0.2)
try:
    for _ in range(1000):
        slow.socket.sendall((b"y" * 1000 + b"\n") * 100)
    sys.exit("100 MB were taken from one that does not read")
except TimeoutError:
    pass
nc.say("there?")
reversed_line(nc, "there?")
grown = server.status("VmHWM") - before
if grown > 8000:
    sys.exit(f"it grew by {grown} kB")
server.stop(signal.SIGINT)
Server(sys.argv[1], "--workers", "1", port=server.port).stop()
