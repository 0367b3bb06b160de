# SPDX-License-Identifier: BSL-1.0
"""Sends commands through nc, pipelined commands, and malformed ones."""
import signal
import sys

from serving import Nc, Peer, Server, expect

server = Server(sys.argv[1])
server.check_port_is_taken()


def encode(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in map(str.encode, words))


def alive():
    peer = Peer(server)
    peer.say("PING")
    peer.check("+PONG")
    peer.close()


# Commands as people type them, through nc.
nc = Nc(server)
nc.say("PING", "get x", "", "SET x 1", "GET x", "DEL x", "DEL x", "GET x", "NONSENSE", "GET", "SET a b c")
unknown = "-ERR unknown command, or wrong number of arguments"
nc.check("+PONG", "$-1", "+OK", "$1", "1", ":1", ":0", "$-1", unknown, unknown, unknown)

# Commands as programs send them, in one packet, in many, with any bytes; another connection sees the effect.
peer = Peer(server)
peer.send(encode("SET", "key", "two\r\nlines") + encode("GET", "key") + encode("GET", ""))
peer.check("+OK", "$10", "two", "lines", "$-1")
for byte in encode("GET", "key"):
    peer.send(bytes([byte]))
peer.check("$10", "two", "lines")
nc.say("GET key")
nc.check("$10", "two", "lines")

# Messages go to all subscribers, in order, until these leave.
ears = [Peer(server) for _ in range(3)]
for ear in ears:
    ear.say("SUBSCRIBE news")
    ear.check("*3", "$9", "subscribe", "$4", "news", ":1")
nc.say("PUBLISH news one", "PUBLISH news two", "PUBLISH olds x")
nc.check(":3", ":3", ":0")
for ear in ears:
    for text in ("one", "two"):
        ear.check("*3", "$7", "message", "$4", "news", "$3", text)
ears[0].reset()
ears[1].half_close()
ears[1].check_closed()
while True:  # until the server has seen that one connection was reset
    nc.say("PUBLISH news more")
    if (count := nc.hear()) == ":1":
        break
    expect(count, ":2", "subscribers")

# A malformed command gets an error, and its connection is closed.
for data, error in ((b"*x\r\n", "invalid length"), (b"*-1\r\n", "invalid length"), (b"*65\r\n", "invalid length"),
                    (b"*99999999999999999999\r\n", "invalid length"), (b"*1\r\nPING\r\n", "expected '$'"),
                    (b"*1\r\n$65537\r\n", "invalid length"), (b"*1\r\n$4\r\nPINGPONG\r\n", "expected the end of a word"),
                    (b"*1\r\n\r\n", "expected '$'"), (b"x" * 100000, "too long a line")):
    peer = Peer(server)
    peer.send(data)
    peer.check("-ERR Protocol error: " + error)
    peer.check_closed()
    alive()

# The largest word that is allowed.
peer = Peer(server)
peer.send(encode("SET", "large", "y" * 65536) + encode("GET", "large"))
peer.check("+OK", "$65536", "y" * 65536)
peer.close()

# Clients send half a command, then RST, FIN, or nothing.
for leave in (Peer.reset, Peer.half_close, lambda peer: None):
    peer = Peer(server)
    peer.send(b"*2\r\n$3\r\nGET\r\n$10\r\nhal")
    leave(peer)
    alive()

# A client that does not read its replies has to wait, and the data between is bounded.
before = server.status("VmHWM")
slow = Peer(server, receive=4096)
slow.send(encode("GET", "large") * 10000)  # 650 MB
slow.check("$65536")
alive()

# A subscriber that does not read is dropped.
deaf = Peer(server, receive=4096)
deaf.say("SUBSCRIBE loud")
deaf.check("*3", "$9", "subscribe", "$4", "loud", ":1")
speaker = Peer(server)
for count in range(1, 2000):
    speaker.send(encode("PUBLISH", "loud", "z" * 60000))
    if speaker.hear() == ":0":
        break
else:
    sys.exit("120 MB were published, and who does not read is still there")
print(f"dropped after {count} messages of 60 kB")
grown = server.status("VmHWM") - before
if grown > 20000:
    sys.exit(f"it grew by {grown} kB")

# The data are bounded.
peer = Peer(server)
for count in range(1000):
    peer.send(encode("SET", f"key {count}", "w" * 65000))
    if (answer := peer.hear()) != "+OK":
        expect(answer, "-OOM no room for more data")
        break
else:
    sys.exit("65 MB were stored")
peer.say("DEL x")
peer.check(":0")
server.stop(signal.SIGINT)
