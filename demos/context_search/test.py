# SPDX-License-Identifier: BSL-1.0
"""Searches through curl; counts the backends that run, and those that were stopped."""
import shutil
import signal
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

# The client leaves by FIN, by RST, by curl's own limit.
request = b"GET /search?q=cats HTTP/1.1\r\nHost: x\r\n\r\n"
for count, leave in enumerate((Peer.close, Peer.reset), 2):
    peer = Peer(slow)
    peer.send(request)
    settle(slow, f"running 3 finished 0 stopped {3 * count - 3}")
    leave(peer)
    settle(slow, f"running 0 finished 0 stopped {3 * count}")
expect(curl(slow, "/search?q=cats", "-m", "0.2")[2], 28, "curl's exit")
settle(slow, "running 0 finished 0 stopped 12")

# Only that client's backends stop: another search goes on, and a client that does not read delays no other client.
stays, goes = Peer(slow), Peer(slow)
stays.send(request)
goes.send(request)
settle(slow, "running 6 finished 0 stopped 12")
goes.reset()
settle(slow, "running 3 finished 0 stopped 15")
slow.stop(signal.SIGINT)  # while a search runs
stays.check_closed()
quick.stop()
