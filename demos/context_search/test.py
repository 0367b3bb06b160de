# SPDX-License-Identifier: BSL-1.0
"""Searches through curl; counts the backends that run, and those that were stopped. Usage: PROGRAM [twin]"""
import shutil
import signal
import socket
import subprocess
import sys
import time

from serving import Nc, Peer, Server, expect

if not shutil.which("curl"):
    print("skipped: needs curl")
    sys.exit(77)


def curl(server, path, *arguments):
    """Returns the answer, its status, and curl's exit code."""
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "-w", "%{http_code}", *arguments,
                           f"http://127.0.0.1:{server.port}{path}"], capture_output=True)
    return done.stdout[:-3].decode(), int(done.stdout[-3:]), done.returncode


def stats(server):
    return curl(server, "/stats")[0].strip()


def settle(server, wanted):
    while stats(server) != wanted:
        pass


# In time there are three results, and no backend is left.
quick = Server(sys.argv[1], "--work", "50")
quick.check_port_is_taken()
began = time.monotonic()
body, status, _ = curl(quick, "/search?q=cats")
expect((sorted(body.splitlines()), status), (["image of cats", "video of cats", "web of cats"], 200))
if time.monotonic() - began < 0.050:
    sys.exit("the backends did not work")
settle(quick, "running 0 finished 3 stopped 0")
expect(curl(quick, "/search?q=dogs&timeout=20000")[1], 200)

# A request is malformed, unknown, or too long.
for path, status in (("/search?q=", 400), ("/search?q=x&timeout=soon", 400), ("/search?q=x&timeout=-1", 400),
                     ("/search?q=x&timeout=99999999999999999999", 400), ("/nothing", 404)):
    expect(curl(quick, path)[1], status, path)
expect(curl(quick, "/search?q=x", "-X", "POST")[1], 405, "POST")
nc = Nc(quick)
nc.say("nonsense", "")
nc.leave()
first = nc.hear()
if first and " 400 " not in first:
    sys.exit(f"nonsense: {first}")
rude = Peer(quick)
rude.send(b"GET /search?q=" + b"x" * 100000)
answer = rude.hear()
if answer and " 431 " not in answer:
    sys.exit(f"a long line: {answer}")
rude.reset()
half = Peer(quick)
half.send(b"GET /sear")
half.half_close()
half.input.read()
settle(quick, "running 0 finished 6 stopped 0")

# When the deadline passes, the backends stop long before their time.
slow = Server(sys.argv[1], "--work", "600000")
expect(curl(slow, "/search?q=cats&timeout=50")[:2], ("too late\n", 504))
settle(slow, "running 0 finished 0 stopped 3")

request = b"GET /search?q=cats HTTP/1.1\r\nHost: x\r\n\r\n"

# Who only shuts its sending side gets its answer. net/http takes that for its leaving.
if "twin" not in sys.argv:
    half = Peer(quick)
    half.send(request)
    half.half_close()
    half.check("HTTP/1.1 200 OK")
    half.input.read()
    settle(quick, "running 0 finished 9 stopped 0")
    half = Peer(quick)
    half.send(request * 3)
    half.half_close()
    expect(half.input.read().count(b"HTTP/1.1 200 OK"), 3, "answers for who has shut its sending side:")
    longer = Server(sys.argv[1], "--work", "1500")
    for version, first in (("1.1", "102 Processing"), ("1.0", "200 OK")):
        half = Peer(longer)
        half.send(request.replace(b"1.1", version.encode()))
        half.half_close()
        half.check(f"HTTP/{version} {first}")
        if " of cats" not in half.input.read().decode():
            sys.exit("no answer for who has shut its sending side")
    longer.stop()

# Bytes of another request do not disturb a search, and that request is answered after it. net/http does not notice then
# that the client leaves.
gone = 3
if "twin" not in sys.argv:
    busy = Peer(slow)
    busy.send(request)
    settle(slow, "running 3 finished 0 stopped 3")
    busy.send(b"GET /stats HTTP/1.1\r\n")
    busy.send(b"Host: x\r\n\r\n")
    busy.socket.send(b"!", socket.MSG_OOB)
    settle(slow, "running 3 finished 0 stopped 3")
    busy.reset()
    gone += 3
    settle(slow, f"running 0 finished 0 stopped {gone}")
both = Peer(quick)
both.send(b"GET /search?q=a%20b+c HTTP/1.1\r\nHost: x\r\n\r\nGET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
text = both.input.read().decode()
if not 0 <= text.find("web of a b c\n") < text.find("running 0 "):
    sys.exit(f"a search and its statistics: {text}")

# The client leaves by FIN, by RST, by curl's own limit.
for leave in (Peer.close, Peer.reset):
    peer = Peer(slow)
    peer.send(request)
    settle(slow, f"running 3 finished 0 stopped {gone}")
    leave(peer)
    gone += 3
    settle(slow, f"running 0 finished 0 stopped {gone}")
expect(curl(slow, "/search?q=cats", "-m", "0.2")[2], 28, "curl's exit")
gone += 3
settle(slow, f"running 0 finished 0 stopped {gone}")

# Only that client's backends stop: another search goes on, and a client that does not read delays no other client.
stays, goes = Peer(slow), Peer(slow)
stays.send(request)
goes.send(request)
settle(slow, f"running 6 finished 0 stopped {gone}")
goes.reset()
settle(slow, f"running 3 finished 0 stopped {gone + 3}")
slow.stop(signal.SIGINT)  # while a search runs
stays.check_closed()

# A search under way is answered when the server stops, and is the last one.
last = Server(sys.argv[1], "--work", "500")
peer = Peer(last)
peer.send(request)
settle(last, "running 3 finished 0 stopped 0")
last.process.send_signal(signal.SIGTERM)
answer = peer.input.read().decode()
if not answer.startswith("HTTP/1.1 200 OK\r\n") or "\r\nConnection: close\r\n" not in answer:
    sys.exit(f"when the server stops: {answer}")
expect(last.process.wait(), 0, "exit:")
quick.stop()
