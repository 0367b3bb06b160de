# SPDX-License-Identifier: BSL-1.0
"""A connection that breaks breaks on both sides, and one that has ended on one side goes on on the other.
Usage: PROGRAM cpp|go"""
import select
import signal
import socket
import sys
import threading

from serving import Peer, Server, expect

program, language = sys.argv[1:]
listening = socket.create_server(("127.0.0.1", 0), backlog=200)
backend_port = str(listening.getsockname()[1])
server = Server(program, backend_port)


def connect(receive=None, to=server):
    """A client, and the backend's end of its connection."""
    client = Peer(to, receive)
    backend = Peer(None, connected=listening.accept()[0])
    return client, backend


def check_reset(peer, what):
    """All that comes is read, up to a reset: not to an end."""
    count = 0
    try:
        while data := peer.socket.recv(65536):
            count += len(data)
    except ConnectionError:
        return count
    sys.exit(f"{what}: a clean end after {count} bytes")


def turned(pair, round):
    """The pair as (who breaks, who must be told); both directions in turn."""
    return pair if round % 2 else pair[::-1]


def fill(peer):
    """Sends until the other side's buffers are full; returns how much."""
    peer.socket.settimeout(0.2)
    sent = 0
    try:
        while True:
            sent += peer.socket.send(b"x" * 65536)
    except TimeoutError:
        peer.socket.settimeout(None)
        return sent


for number in range(10):
    # In the middle of a body.
    breaks, told = turned(connect(), number)
    breaks.send(b"half a bo")
    expect(told.socket.recv(100), b"half a bo")
    breaks.reset()
    check_reset(told, "in the middle of a body")

    # Before anything was said.
    breaks, told = turned(connect(), number)
    breaks.reset()
    check_reset(told, "before anything was said")

    # After the other has ended, in the middle of the answer.
    breaks, told = turned(connect(), number)
    told.send(b"question")
    told.half_close()
    expect(breaks.input.read(), b"question")
    breaks.send(b"half an ans")
    breaks.reset()
    check_reset(told, "in the middle of an answer")

    # While the other sends to it.
    breaks, told = turned(connect(), number)
    told.send(b"z" * 100_000)
    breaks.reset()
    check_reset(told, "while it is sent to")

for number in range(2):
    # While the other waits to send, as it does not read.
    breaks, told = turned(connect(), number)
    fill(told)
    breaks.reset()
    check_reset(told, "while the other waits to send")

    # While what it has sent is not read: all but the reset may come later.
    breaks, told = turned(connect(), number)
    sent = fill(breaks)
    breaks.reset()
    if language == "cpp":
        reset = select.poll()
        reset.register(told.socket, 0)
        while not reset.poll():  # it need not read to be told
            pass
    got = check_reset(told, "while it is not read")
    if got > sent:
        sys.exit(f"{got} of {sent} bytes")

    # After it has ended, while the other is silent.
    breaks, told = turned(connect(), number)
    breaks.send(b"question")
    breaks.half_close()
    expect(told.input.read(), b"question")
    breaks.reset()
    if language == "go":
        while told.send(b"answer"):  # in Go it is noticed when the answer comes
            pass
    else:
        check = select.poll()
        check.register(told.socket, 0)
        check.poll()
        expect(told.send(b"answer"), False, "after an end and a reset: sent")

    # The answer has ended, and more than a second later the question still goes on.
    talks, ended = turned(connect(), number)
    ended.send(b"answer")
    ended.half_close()
    expect(talks.input.read(), b"answer")
    got = []
    reader = threading.Thread(target=lambda: got.append(ended.input.read()))
    reader.start()
    for _ in range(3):
        talks.send(b"y" * 1_000_000)
        select.select([], [], [], 0.5)
    talks.close()
    reader.join()
    expect(len(got[0]), 3_000_000, "of a question that is longer than the answer")
    ended.close()

# A balancer that is stopped, or killed, cuts off what it copies, and does not end it.
for number in (signal.SIGTERM, signal.SIGKILL):
    each = Server(program, backend_port)
    client, backend = connect(to=each)
    client.send(b"half a ques")
    backend.send(b"half an ans")
    expect(client.socket.recv(100), b"half an ans")
    expect(backend.socket.recv(100), b"half a ques")
    each.process.send_signal(number)
    check_reset(client, "the client of one that is stopped")
    check_reset(backend, "the backend of one that is stopped")
server.stop(signal.SIGINT)
