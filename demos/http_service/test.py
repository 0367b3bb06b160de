# SPDX-License-Identifier: BSL-1.0
"""Sends requests to an HTTP service through curl, and through clients that misbehave. Usage: PROGRAM curl|rude|tls|stop|limits"""
import json
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from serving import Peer, Server, expect

program, what = sys.argv[1:]
for tool in ("curl", "openssl"):
    if not shutil.which(tool):
        print(f"skipped: needs {tool}")
        sys.exit(77)


def curl(server, path, *arguments, scheme="http"):
    """Returns status, type and body."""
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "-w", "\n%{http_code} %{content_type}", *arguments,
                           f"{scheme}://localhost:{server.port}{path}"], capture_output=True)
    body, _, words = done.stdout.decode().rpartition("\n")
    code, _, kind = words.partition(" ")
    return int(code), kind, body


def ask(server, path, wanted, *arguments, code=200, **more):
    """Checks that the answer is this JSON."""
    status, kind, body = curl(server, path, *arguments, **more)
    expect((status, kind, json.loads(body)), (code, "application/json", wanted), path)


def error(server, path, code, *arguments):
    status, _, body = curl(server, path, *arguments)
    expect(status, code, path)
    return body


def metrics(server, **more):
    status, kind, body = curl(server, "/metrics", **more)
    expect((status, kind), (200, "text/plain; version=0.0.4"))
    found = {}
    for line in body.splitlines():
        if not line.startswith("#"):
            key, value = re.fullmatch(r'(\w+(?:{\w+="[^"]*"(?:,\w+="[^"]*")*})?) (\d+)', line).groups()
            found[key] = int(value)
    return found


def settle(server, descriptors):
    """Waits until only this client is connected, and as many descriptors are open as in the beginning."""
    while metrics(server)["http_connections"] != 1:
        pass
    while server.descriptors() != descriptors:
        pass


def first_line(server, request):
    peer = Peer(server)
    peer.send(request)
    line = peer.hear()
    peer.reset()
    return line


def hear_tick(peer, n):
    wanted = f'{{"tick":{n}}}\n'.encode()
    while (line := peer.input.readline()) != wanted:
        if not line:
            sys.exit(f"never heard: {wanted}")


def check_curl():
    server = Server(program)
    server.check_port_is_taken()
    ask(server, "/hello", {"hello": "world"})
    ask(server, "/hello?x=1&name=a\"b", {"hello": 'a"b'}, "-g")
    ask(server, "/sum", {"sum": 6.5}, "-d", "[1, 2.5, 3]")
    ask(server, "/sum", {"sum": 0}, "-d", "[]")
    ask(server, "/%68ello?n%61me=%C3%A9+%22%00", {"hello": "\u00e9 \"\0"})
    ask(server, "/nothing", {"error": "Not Found"}, code=404)
    ask(server, "/sum", {"error": "Method Not Allowed"}, code=405)
    for body in ("[1, 2", '{"a": 1}', '["a"]', "", "[" * 30000, "\xff", "[1e308, 1e308]", "[1e999]"):
        ask(server, "/sum", {"error": "Bad Request"}, "-d", body, code=400)
    for n in ("x", "-1", "99999999999999999999"):
        ask(server, f"/ticks?n={n}", {"error": "Bad Request"}, code=400)

    # A stream sends each value as it comes, and then the connection is used again.
    _, kind, body = curl(server, "/ticks?n=3")
    expect((kind, [json.loads(line)["tick"] for line in body.splitlines()]), ("application/x-ndjson", [1, 2, 3]))
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{num_connects} ",
                           f"http://localhost:{server.port}/ticks", "-o", "/dev/null",
                           f"http://localhost:{server.port}/hello"], capture_output=True)
    expect(done.stdout, b"1 0 ", "connections for two requests:")
    peer = Peer(server)
    peer.send(b"GET /ticks?n=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    hear_tick(peer, 2)
    peer.close()

    # HTTP/1.0 has no chunks: the stream ends with the connection. After HEAD there is no stream.
    old = Peer(server)
    old.send(b"GET /ticks?n=2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = old.input.read().decode().partition("\r\n\r\n")
    expect(body, '{"tick":1}\n{"tick":2}\n', head)
    expect("Transfer-Encoding" in head, False, head)
    none = Peer(server)
    none.send(b"HEAD /ticks?n=1000000 HTTP/1.1\r\nHost: x\r\n\r\n" +
              b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answers = none.input.read().decode()
    expect(re.findall(r"HTTP/1.1 (\d+)|(tick)", answers), [("200", ""), ("404", "")], answers)

    # The metrics match the requests. The stream that a client left does not count as answered.
    found = metrics(server)
    for path, code, n in (("/hello", 200, 4), ("/sum", 200, 2), ("/sum", 400, 8), ("/sum", 405, 1),
                          ("other", 404, 2), ("/ticks", 200, 4), ("/ticks", 400, 3)):
        expect(found[f'http_requests_total{{path="{path}",code="{code}"}}'], n, f"{path} {code}:")
    server.stop()
    Server(program).stop(signal.SIGINT)


def check_rude():
    server = Server(program, "--idle", "300", descriptors=64)
    descriptors = server.descriptors()

    for request in (b"nonsense\r\n\r\n", b"GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
                    b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"):
        if " 400 " not in (line := first_line(server, request)):
            sys.exit(f"{request}: {line}")
    long = b"GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40000
    if " 431 " not in (line := first_line(server, long)):
        sys.exit(f"a long header: {line}")
    if " 413 " not in (line := first_line(server, b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"
                                          + b"1" * 70000)):
        sys.exit(f"a long body: {line}")

    # A client closes its half, and still expects the answer.
    half = Peer(server)
    half.send(b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n[1,2,3]")
    half.half_close()
    if " 200 " not in (line := half.hear()):
        sys.exit(f"half open: {line}")
    half.close()

    # Clients leave by RST in the middle of a request, of a body, of an answer.
    for request in (b"", b"GET /he", b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[1,"):
        peer = Peer(server)
        peer.send(request)
        peer.reset()
    peer = Peer(server)
    peer.send(b"GET /ticks?n=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    hear_tick(peer, 2)
    peer.reset()
    settle(server, descriptors)

    # Slow clients: one sends a header that never ends, byte by byte; one sends nothing; one does not read. All are
    # disconnected.
    slow = Peer(server)
    slow.send(b"GET /hello HTTP/1.1\r\n")
    silent = Peer(server)
    reader = Peer(server, receive=2048)
    reader.socket.settimeout(0.1)
    try:
        while reader.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000):
            pass
        sys.exit("who does not read has left before it had to")
    except TimeoutError:
        pass  # its answers cannot be sent, so the server reads no more requests
    said = 0
    while not select.select([slow.socket], [], [], 0.02)[0]:
        slow.send(b"x")
        said += 1
        ask(server, "/hello", {"hello": "world"})
    if said > 100:
        sys.exit("a request may take as long as it likes")
    slow.close()
    silent.check_closed()
    silent.close()
    settle(server, descriptors)
    reader.close()

    # There are more connections than descriptors: later clients are served when others have gone.
    crowd = [Peer(server) for _ in range(80)]
    while server.descriptors() < 64:
        pass
    late = Peer(server)
    late.send(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    if " 200 " not in (line := late.hear()):
        sys.exit(f"after the crowd: {line}")
    for each in crowd + [late]:
        each.reset()
    settle(server, descriptors)
    if server.status("VmHWM") > 60000:
        sys.exit(f"it grew to {server.status('VmHWM')} kB")
    server.stop()


def check_stop():
    """A stream goes on until the grace ends; who is being answered is told that the connection ends."""
    server = Server(program, "--idle", "20000")
    stream, posts = Peer(server), Peer(server)
    stream.send(b"GET /ticks?n=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    posts.send(b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n[")
    hear_tick(stream, 2)
    ask(server, "/hello", {"hello": "world"})
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    while server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port)).close()
        except OSError:
            break
    posts.send(b"1]")
    answer = posts.input.read()
    if not (answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\nConnection: close\r\n" in answer):
        sys.exit(f"the last answer: {answer}")
    hear_tick(stream, 30)
    stream.socket.settimeout(10)
    try:
        while stream.input.readline():
            pass
    except ConnectionError:
        pass
    expect(server.process.wait(), 0, "exit:")
    if not 0.8 < time.monotonic() - began < 5:
        sys.exit(f"the grace took {time.monotonic() - began} s")


def check_limits():
    """The limit for the first byte and a header is apart from the one between requests."""
    hello = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
    server = Server(program, "--header", "300", "--idle", "20000")
    silent, slow, busy = Peer(server), Peer(server), Peer(server)
    busy.send(hello)
    busy.check("HTTP/1.1 200 OK")
    began = time.monotonic()
    silent.check_closed()
    if not 0.2 < time.monotonic() - began < 5:
        sys.exit(f"a silent client was closed after {time.monotonic() - began} s")
    select.select([busy.socket], [], [], 0.5)
    while busy.input.readline() != b'{"hello":"world"}\n':
        pass
    busy.send(hello[:-2])  # still open; but a header takes too long now
    busy.input.read()
    began = time.monotonic()
    blank = Peer(server)
    while time.monotonic() - began < 5 and blank.send(b"\r\n" * 100):
        if select.select([blank.socket], [], [], 0.01)[0]:
            break
    if time.monotonic() - began > 4:
        sys.exit("empty lines may come for ever")
    server.stop()

    # A body has its own limit, however steadily it comes.
    server = Server(program, "--idle", "300")
    body = Peer(server)
    body.send(b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n[")
    began = time.monotonic()
    while body.send(b"1") and not select.select([body.socket], [], [], 0.02)[0]:
        if time.monotonic() - began > 5:
            sys.exit("a body may take as long as it likes")
    server.stop()


def check_tls():
    with tempfile.TemporaryDirectory() as folder:
        pem = f"{folder}/server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", f"{folder}/key", "-out", f"{folder}/cert"], check=True, capture_output=True)
        with open(pem, "w") as file:
            file.write(open(f"{folder}/cert").read() + open(f"{folder}/key").read())
        missing = subprocess.run([program, "--tls", f"{folder}/nothing"], capture_output=True)
        expect(missing.returncode, 1, "a certificate that is not there:")

        server = Server(program, "--tls", pem, "--idle", "300")
        descriptors = server.descriptors()
        secure = {"scheme": "https"}
        trust = ["--cacert", f"{folder}/cert"]
        ask(server, "/hello", {"hello": "world"}, *trust, **secure)
        ask(server, "/sum", {"sum": 3}, *trust, "-d", "[1, 2]", **secure)
        _, _, body = curl(server, "/ticks?n=2", *trust, **secure)
        expect([json.loads(line)["tick"] for line in body.splitlines()], [1, 2])
        expect(curl(server, "/hello", **secure)[0], 0, "whom nobody trusts:")

        # Clients send garbage, half a greeting, or none; then they leave, or are silent.
        greeting = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for start in (b"GET /hello HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 20000, greeting, b""):
            for leave in (Peer.reset, Peer.close, Peer.check_closed):
                peer = Peer(server)
                peer.send(start)
                if leave == Peer.check_closed:
                    while peer.hear():
                        pass
                    peer.close()
                else:
                    leave(peer)
        # A client greets, and then cuts the connection in the middle of an answer.
        context = ssl.create_default_context(cafile=f"{folder}/cert")
        raw = socket.create_connection(("127.0.0.1", server.port))
        wrapped = context.wrap_socket(raw, server_hostname="localhost")
        wrapped.sendall(b"GET /ticks?n=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        while b'{"tick":' not in wrapped.recv(1000):
            pass
        wrapped.close()
        while server.descriptors() != descriptors:
            pass
        ask(server, "/hello", {"hello": "world"}, *trust, **secure)
        server.stop()


{"curl": check_curl, "rude": check_rude, "tls": check_tls, "stop": check_stop, "limits": check_limits}[what]()
