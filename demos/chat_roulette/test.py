# SPDX-License-Identifier: BSL-1.0
"""Chats in pairs through nc, with clients that misbehave, and with the robot."""
import signal
import sys
import time

from serving import Nc, Peer, Server, expect

waiting, found = "Waiting for a partner...", "Found one! Say hi."

server = Server(sys.argv[1], "--patience", "40000")
server.check_port_is_taken()


def pair(make_first=Nc, make_second=Nc):
    first = make_first(server)
    first.check(waiting)
    second = make_second(server)
    second.check(waiting, found)
    first.check(found)
    return first, second


# A second client is paired with the one that waits; each pair has a room of its own.
rooms = [pair() for _ in range(3)]
for number, (a, b) in enumerate(rooms):
    a.say(f"room {number}")
    b.say(f"yes, {number}")
for number, (a, b) in enumerate(rooms):
    b.check(f"room {number}")
    a.check(f"yes, {number}")

# Both are closed when either of them leaves.
for leaver, (a, b) in enumerate(rooms[:2]):
    (a, b)[leaver].leave()
    (b, a)[leaver].leave()
    a.check_closed()
    b.check_closed()

# A client leaves by RST, and another by closing only one half.
for rude in (Peer.reset, Peer.half_close):
    a, b = pair(Peer, Peer)
    rude(a)
    b.check_closed()

# A waiting client has left: the client that is paired with it is told at once, and the next pair is fine.
gone = Peer(server)
gone.check(waiting)
gone.reset()
unlucky = Peer(server)
unlucky.hear_until("")
pair()

# The partner of a client that does not read has to wait, so the data between them is bounded.
talker, slow = pair(Peer, lambda s: Peer(s, receive=4096))
before = server.status("VmHWM")
talker.socket.settimeout(0.2)  # nothing moved for this long: the partner waits
sent = 0
try:
    while sent < 200_000_000:
        sent += talker.socket.send(b"z" * 65536)
    sys.exit("200 MB have been sent to one that does not read")
except TimeoutError:
    pass
grown = server.status("VmHWM") - before
if grown > 8000:
    sys.exit(f"it grew by {grown} kB for one that is slow")
rooms[2][0].say("not stuck")
rooms[2][1].check("not stuck")
slow.reset()
talker.check_closed()
server.stop(signal.SIGINT)

# A client alone is not paired with itself, but with the robot, and not before its patience is over.
server = Server(sys.argv[1], "--patience", "200")
began = time.monotonic()
alone = Nc(server)
alone.check(waiting, "Found a robot. Say hi.")
if time.monotonic() - began < 0.2:
    sys.exit("the robot came early")

# The robot has learnt from its input: each pair of words in its output was in its input.
known, lines = set(), ["one fish two fish", "red fish blue fish", "one two"]
for line in lines * 5:
    words = line.split()
    known |= set(zip(words, words[1:]))
    alone.say(line)
    answer = alone.hear().split()
    if not answer or not set(zip(answer, answer[1:])) <= known or not set(answer) <= set(" ".join(lines).split()):
        sys.exit(f"the robot said: {answer}")
long_winded = Peer(server)
long_winded.check(waiting, "Found a robot. Say hi.")
long_winded.send(b"x" * 5000)
long_winded.check_closed()
alone.say("fish")
if not alone.hear():
    sys.exit("the robot is gone")
server.stop()
