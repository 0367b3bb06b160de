# SPDX-License-Identifier: BSL-1.0
"""Chats through nc, and with clients that misbehave."""
import select
import signal
import sys
from collections import Counter

from serving import Nc, Peer, Server, expect

server = Server(sys.argv[1])
server.check_port_is_taken()

# All clients receive all lines, and the names of those that come and go, in one order.
ann = Nc(server)
ann.say("ann")
ann.check("ann has arrived")
bob = Nc(server)
bob.say("bob", "hello")
for each in (ann, bob):
    each.check("bob has arrived", "bob: hello")
bob.say("again")
bob.check("bob: again")
bob.leave()
ann.check("bob: again", "bob has left")
bob.check_closed()


def enter(name):
    guest = Peer(server)
    guest.say(name)
    ann.check(name + " has arrived")
    return guest


# A client resets the connection in the middle of a line.
cat = enter("cat")
cat.send(b"I was about to s")
cat.reset()
ann.check("cat has left")

# A client closes only its half: it has left, and the server closes the other half too.
dan = enter("dan")
dan.half_close()
ann.check("dan has left")
dan.hear_until("dan has arrived")
dan.check_closed()

# A line of 1024 bytes with its end is accepted; a longer line is refused, with or without its end.
eve = enter("eve")
eve.send(b"x" * 1023 + b"\n")
ann.check("eve: " + "x" * 1023)
eve.send(b"x" * 1024 + b"\n")
ann.check("eve has left")
fay = enter("fay")
fay.send(b"x" * 100000)
ann.check("fay has left")
Peer(server).send(b"x" * 2000)  # as a name

# Telnet ends a line by \\r\\n, of which nothing is part of a name; a line without one is no name.
tim = Peer(server)
tim.send(b"\r\n\ntim\r\nhi\r\n")
ann.check("tim has arrived", "tim: hi")
expect(tim.input.readline(), b"tim has arrived\n")
tim.close()
ann.check("tim has left")

# Clients that read are not dropped when many say something at once, nor is one that reads slowly.
crowd = [enter(str(number)) for number in range(20)]
for each in crowd:
    each.hear_until("19 has arrived")
for lines in (1, 50):
    for each in crowd:
        each.say(*["z" * 100] * lines)
    for each in crowd + [ann]:
        heard = Counter(each.hear() for _ in range(20 * lines))
        expect(heard, Counter({f"{number}: " + "z" * 100: lines for number in range(20)}), "a burst")
crowd[0].say(*["w" * 1000] * 500)
for number in range(500):
    expect(crowd[1].hear(), "0: " + "w" * 1000)
    if number % 50 == 0:
        select.select([], [], [], 0.02)
for each in crowd[2:] + [ann]:
    for _ in range(500):
        each.check("0: " + "w" * 1000)
for each in crowd:
    each.close()
for _ in crowd:
    if not ann.hear().endswith(" has left"):
        sys.exit("one is still there")

# One client never sends a name, and another leaves before it has sent one.
silent = Peer(server)
Peer(server).reset()

# A client that does not read is dropped; no other client waits for it, and its unread data is bounded.
slow = Peer(server, receive=4096)
slow.say("slow")
ann.check("slow has arrived")
before = server.status("VmHWM")
said, heard = 0, ""
while heard != "slow has left":
    ann.say("y" * 1000)
    heard = ann.hear()
    if heard != "slow has left":
        expect(heard, "ann: " + "y" * 1000)
        said += 1
        if said > 20000:
            sys.exit("20 MB have been said, and the slow one is still there")
ann.check("ann: " + "y" * 1000)
grown = server.status("VmHWM") - before
if grown > 8000:
    sys.exit(f"it grew by {grown} kB for one that is slow")
print(f"the slow one was dropped after {said} lines")

# One that stops reading is disconnected when it has taken nothing for a time, however it talks.
few = Server(sys.argv[1], "--idle", "300")
deaf, tom = Peer(few, receive=4096), Peer(few)
deaf.say("deaf")
deaf.check("deaf has arrived")
tom.say("tom")
tom.check("tom has arrived")
for _ in range(6000):
    tom.say("v" * 1000)
    deaf.send(b"-\n")
    while (heard := tom.hear()) == "deaf: -":
        pass
    if heard == "deaf has left":
        break
    expect(heard, "tom: " + "v" * 1000)
else:
    sys.exit("one that reads nothing stays for ever")
few.stop(signal.SIGTERM)

# The server ends while clients are connected, and the next server gets its port.
server.stop(signal.SIGINT)
ann.leave()
ann.check_closed()
silent.check_closed()
again = Server(sys.argv[1], port=server.port)
zoe = Nc(again)
zoe.say("zoe")
zoe.check("zoe has arrived")
again.stop()
