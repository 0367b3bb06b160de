# SPDX-License-Identifier: BSL-1.0
"""Sends commands through nc, pipelined commands, and malformed ones."""
import select
import signal
import sys
import time

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


def check(data, *lines, peer=None):
    """Sends the bytes, or the words, of commands; the answers are these lines, and nothing else."""
    peer = peer or Peer(server)
    peer.send(data if isinstance(data, bytes) else encode(*data.split()))
    peer.check(*lines)
    peer.send(encode("ECHO", "that was all"))
    peer.check("$12", "that was all")
    return peer


def check_closed(data, *lines):
    peer = Peer(server)
    peer.send(data)
    peer.check(*lines)
    peer.check_closed()


# Commands as people type them, through nc.
nc = Nc(server)
nc.say("PING", "get x", "", "SET x 1", "GET x", "DEL x", "DEL x", "GET x", "NONSENSE", "GET", "SET a b c")
nc.check("+PONG", "$-1", "+OK", "$1", "1", ":1", ":0", "$-1",
         "-ERR unknown command 'NONSENSE', with args beginning with: ",
         "-ERR wrong number of arguments for 'get' command", "-ERR syntax error")
check(rb"""  echo   "a b\n\"c\" " """ b"\r\n", "$8", "a b", '"c" ')
check(rb"""echo 'a "b\' c'""" b"\n \n\n", "$7", "a \"b' c")
check(rb"""echo "\x00\x41\xfg" """ b"\r\n", "$5", "\0Axfg")
check(b'SET empty ""\r\nGET empty\r\n', "+OK", "$0", "")
for line in (b'echo "a', b"echo 'a", b'echo "a"b'):
    check_closed(line + b"\r\n", "-ERR Protocol error: unbalanced quotes in request")

# Commands as programs send them, in one packet, in many, with any bytes; another connection sees the effect.
peer = Peer(server)
peer.send(encode("SET", "key", "two\r\nlines") + encode("GET", "key") + encode("GET", ""))
peer.check("+OK", "$10", "two", "lines", "$-1")
for byte in encode("GET", "key"):
    peer.send(bytes([byte]))
peer.check("$10", "two", "lines")
nc.say("GET key")
nc.check("$10", "two", "lines")

# Arrays of no command, words of any bytes, and an error that quotes them on one line.
check(b"*0\r\n*-1\r\n*-10\r\n\r\n*1\r\n$4\r\nPING\r\n", "+PONG")
check(b"*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$2\r\n\xff\n\r\n*2\r\n$3\r\nGET\r\n$3\r\n\0\r\n\r\n*2\r\n$3\r\nDEL\r\n$3\r\n\0\r\n\r\n",
      "+OK", "$2", "\udcff", "", ":1")
check(b"*2\r\n$4\r\nno\r\n\r\n$3\r\na\nb\r\n", "-ERR unknown command 'no  ', with args beginning with: 'a b' ")
check(b"*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: ")

# Numbers of arguments, and commands with some more to them.
for name in "get del echo set select publish subscribe client".split():
    check(name.upper(), f"-ERR wrong number of arguments for '{name}' command")
for words in ("ping a b", "get a b", "echo a b", "publish a b c"):
    check(words, f"-ERR wrong number of arguments for '{words.split()[0]}' command")
check("PING hello", "$5", "hello")
check("SELECT 0", "+OK")
check("SELECT 1", "-ERR DB index is out of range")
check("SELECT x", "-ERR value is not an integer or out of range")
check("CLIENT SETINFO LIB-NAME test", "+OK")
check("client setname", "-ERR wrong number of arguments for 'client|setname' command")
check("CLIENT what", "-ERR unknown subcommand 'what'. Try CLIENT HELP.")
check("CLIENT GETNAME", "$-1")
peer = check("HELLO 2 AUTH joe x", "-WRONGPASS invalid username-password pair or user is disabled.")
check("CLIENT SETNAME me", "+OK", peer=peer)
check("CLIENT GETNAME", "$2", "me", peer=peer)
check("RESET", "+RESET", peer=peer)
check("CLIENT GETNAME", "$-1", peer=peer)
check("DEL d", ":0")
check(encode("SET", "d", "1") + encode("SET", "e", "2") + encode("DEL", "d", "e", "d", "f"), "+OK", "+OK", ":2")
check_closed(b"QUIT\r\nPING\r\n", "+OK")
check_closed(encode("SET", "q", "1") + encode("QUIT") + encode("PING"), "+OK", "+OK")

# SET with a time, and with conditions.
check("SET k 1 NX", "+OK")
check("SET k 2 nx", "$-1")
check("SET k 3 XX", "+OK")
check("SET none 1 XX", "$-1")
check("GET k", "$1", "3")
for options in ("NX XX", "XX NX", "EX", "EX 1 PX 1", "PX 1 EX 1", "WHAT", "NX 1", "PX"):
    check("SET k 4 " + options, "-ERR syntax error")
for number in ("x", "1.5", "", "1x", "+1", "01", "-0", "9223372036854775808", "-9223372036854775809"):
    for unit in ("EX", "PX"):
        check(encode("SET", "k", "4", unit, number), "-ERR value is not an integer or out of range")
for until in ("EX 0", "EX -1", "PX 0", "PX -5", "EX 9223372036854775807", "EX 9223372036854775", "PX 9223372036854775807",
             "EX -9223372036854775808"):
    check("SET k 4 " + until, "-ERR invalid expire time in 'set' command")
check("GET k", "$1", "3")
check("SET k 5 EX 4000000000", "+OK")
check("SET k 6 PX 1 XX", "+OK")
peer = Peer(server)
while True:  # until it has expired
    peer.say("GET k")
    if peer.hear() == "$-1":
        break
    peer.check("6")
check("SET k 7 XX", "$-1")
check("SET k 8 PX 1", "+OK")
check("SET k 9", "+OK")
select.select([], [], [], 0.01)
check("GET k", "$1", "9")

# Versions 2 and 3 of the protocol.
def hello(words, version, peer):
    peer.say(words)
    peer.check("%7" if version == 3 else "*14", "$6", "server", "$5", "redis", "$7", "version", "$5", "7.2.0",
               "$5", "proto", f":{version}", "$2", "id")
    id = peer.hear()
    peer.check("$4", "mode", "$10", "standalone", "$4", "role", "$6", "master", "$7", "modules", "*0")
    return id


peer = Peer(server)
id = hello("HELLO", 2, peer)
for words, version in (("HELLO 2", 2), ("hello 3", 3), ("HELLO", 3), ("HELLO 3 AUTH default x SETNAME me", 3)):
    expect(hello(words, version, peer), id, words)
check("CLIENT GETNAME", "$2", "me", peer=peer)
check("GET none", "_", peer=peer)
check("SET k 1 NX", "_", peer=peer)
check("HELLO 4", "-NOPROTO unsupported protocol version", peer=peer)
check("HELLO 1", "-NOPROTO unsupported protocol version", peer=peer)
check("HELLO x", "-ERR Protocol version is not an integer or out of range", peer=peer)
check("HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'", peer=peer)
check("GET none", "_", peer=peer)
expect(hello("HELLO 2", 2, peer), id)
check("GET none", "$-1", peer=peer)


# Subscriptions are counted. In version 2 a subscriber may do little else; in version 3 messages are pushed.
def told(what, channel, count, kind="*"):
    name = [f"${len(channel)}", channel] if channel else ["_" if kind == ">" else "$-1"]
    return [f"{kind}3", f"${len(what)}", what, *name, f":{count}"]


two, three = Peer(server), Peer(server)
hello("HELLO 3", 3, three)
for peer, kind in ((two, "*"), (three, ">")):
    peer.say("UNSUBSCRIBE", "UNSUBSCRIBE no", "SUBSCRIBE a b a", "SUBSCRIBE b c", "UNSUBSCRIBE b no")
    for what in (("unsubscribe", "", 0), ("unsubscribe", "no", 0), ("subscribe", "a", 1), ("subscribe", "b", 2),
                 ("subscribe", "a", 2), ("subscribe", "b", 2), ("subscribe", "c", 3), ("unsubscribe", "b", 2),
                 ("unsubscribe", "no", 2)):
        peer.check(*told(*what, kind))
two.say("PING", "PING x", "GET k", "NONSENSE", "GET", "SET k 1 2 3", "HELLO 3")
refused = "-ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
two.check("*2", "$4", "pong", "$0", "", "*2", "$4", "pong", "$1", "x", refused.format("get"),
          "-ERR unknown command 'NONSENSE', with args beginning with: ", "-ERR wrong number of arguments for 'get' command",
          refused.format("set"), refused.format("hello"))
three.say("PING", "PUBLISH a hi")
three.check("+PONG", ">3", "$7", "message", "$1", "a", "$2", "hi", ":2")
two.check("*3", "$7", "message", "$1", "a", "$2", "hi")
check("PUBLISH b x", ":0")
for peer, kind in ((two, "*"), (three, ">")):
    peer.say("UNSUBSCRIBE")
    left = sorted((tuple(peer.hear() for _ in range(6)) for _ in range(2)), key=lambda lines: lines[-1], reverse=True)
    expect({lines[4] for lines in left}, {"a", "c"})
    expect([lines[-1] for lines in left], [":1", ":0"])
    peer.say("GET k", "QUIT")
    peer.check("$1", "9", "+OK")
    peer.check_closed()

# A browser is made to send a form, which has commands in it. What came before is answered.
for line in (b"POST / HTTP/1.1", b"post /", b"Host: localhost", b"HOST:x", b"POST"):
    check_closed(b"PING\r\n" + line + b"\r\nSET k evil\r\n", "+PONG")
check_closed(encode("POST") + encode("SET", "k", "evil"))
check_closed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET k evil\r\n", "-ERR wrong number of arguments for 'get' command")
check("GET k", "$1", "9")

# A pipeline is answered as a whole, also to who has ended its half.
peer = Peer(server)
peer.send(b"".join(encode("SET", f"p{i}", str(i)) + encode("GET", f"p{i}") for i in range(1000)) + b"*1\r\n$4\r\nPI")
peer.half_close()
for i in range(1000):
    peer.check("+OK", f"${len(str(i))}", str(i))
peer.check_closed()

# No subscriber is dropped as many publish at once.
ear, voices = Peer(server), [Peer(server) for _ in range(70)]
ear.say("SUBSCRIBE burst")
ear.check(*told("subscribe", "burst", 1))
for number, each in enumerate(voices):
    each.send(encode("PUBLISH", "burst", f"{number:03}" * 100) * 10)
for each in voices:
    each.check(*[":1"] * 10)
for _ in range(700):
    ear.check("*3", "$7", "message", "$5", "burst", "$300")
    if len(ear.hear()) != 300:
        sys.exit("half a message")

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
many = "invalid multibulk length"
for data, error in ((b"*x\r\n", many), (b"*1025\r\n", many), (b"*99999999999999999999\r\n", many), (b"*\r\n", many),
                    (b"* 1\r\n", many), (b"*01\r\n", many), (b"*+1\r\n", many), (b"*1\r\n$65537\r\n", "invalid bulk length"), (b"*1\r\n$-1\r\n", "invalid bulk length"),
                    (b"*1\r\n$\r\n", "invalid bulk length"), (b"*1\r\n$4x\r\n", "invalid bulk length"),
                    (b"*1\r\nPING\r\n", "expected '$', got 'P'"), (b"*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'"),
                    (b"*1\r\n:1\r\n", "expected '$', got ':'"), (b"*1\r\n\r\n", "expected '$', got ' '"),
                    (b"*1\r\n$4\r\nPINGPONG\r\n", "expected the end of a word"),
                    (b"*1\r\n$" + b"1" * 100, "too big bulk count string"), (b"x" * 100000, "too big inline request"),
                    (b"*20\r\n" + (b"$65536\r\n" + b"y" * 65536 + b"\r\n") * 20, "too big a command")):
    check_closed(data, "-ERR Protocol error: " + error)
    check_closed(b"PING\r\n" + data, "+PONG", "-ERR Protocol error: " + error)
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

# At the stop, clients that ask nothing are disconnected at once, and what was asked is answered.
server.stop(signal.SIGINT)
server = Server(sys.argv[1])
silent, listener, busy = Peer(server), Peer(server), Peer(server)
listener.say("SUBSCRIBE news")
listener.hear_until(":1")
busy.send(encode("SET", "key 1", "w" * 65000))
busy.check("+OK")
busy.send(encode("GET", "key 1") * 100)
busy.check("$65000", "w" * 65000)
began = time.monotonic()
server.process.send_signal(signal.SIGTERM)
busy.check(*["$65000", "w" * 65000] * 99)
for each in (busy, silent, listener):
    each.check_closed()
expect(server.process.wait(), 0)
if time.monotonic() - began > 0.9:
    sys.exit("it waited for idle clients")
