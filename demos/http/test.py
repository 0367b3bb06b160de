# SPDX-License-Identifier: BSL-1.0
"""Sends bytes to a server that speaks HTTP: requests that are odd, ambiguous, too long, too slow, or cut.

Usage: PROGRAM DEMO [twin|tls]. Where net/http of the twin in Go answers otherwise than the demo, the table says so.
"""
import concurrent.futures
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from serving import Server, expect

program, demo = sys.argv[1:3]
twin, tls = "twin" in sys.argv[3:], "tls" in sys.argv[3:]
folder = tempfile.TemporaryDirectory()

# Of each demo: a path for GET, one for POST, the status of that, and arguments.
book = os.path.join(folder.name, "book")
with open(book, "w") as file:
    file.write("a book\n")
GET, POST, posted, arguments = {
    "http_service": ("/hello", "/sum", 200, []),
    "four_endpoints": ("/hello", "/upper", 200, []),
    "context_search": ("/stats", "/stats", 405, []),
    "gopher_web": ("/", "/", 405, [book]),
}[demo]
if tls:
    key, cert = os.path.join(folder.name, "key"), os.path.join(folder.name, "cert")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
    with open(f"{folder.name}/pem", "w") as file:
        file.write(open(cert).read() + open(key).read())
    arguments = ["--tls", f"{folder.name}/pem"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


def start(*more):
    return Server(program, *more, *arguments)


class Client:
    """Sends bytes, and reads answers one by one."""

    def __init__(self, server):
        self.raw = socket.create_connection((server.host, server.port))
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(self.raw.dup()) if tls else self.raw
        self.input = b""

    def send(self, data):
        """Returns whether the server took all of it."""
        try:
            self.socket.sendall(data)
            return True
        except (ConnectionError, ssl.SSLError):
            return False

    def half_close(self):
        try:
            self.raw.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def read(self):
        """Returns whether more has come."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        self.input += data
        return data != b""

    def all(self):
        while self.read():
            pass
        return self.input

    def until(self, end):
        while end not in self.input:
            if not self.read():
                sys.exit(f"closed after {self.input!r}, before {end!r}")
        found, self.input = self.input.split(end, 1)
        return found + end

    def exactly(self, n):
        while len(self.input) < n:
            if not self.read():
                sys.exit(f"closed after {self.input!r}")
        found, self.input = self.input[:n], self.input[n:]
        return found

    def answer(self, head_only=False):
        """Returns the status, the head and the body of the next answer."""
        head = self.until(b"\r\n\r\n")
        status = int(head.split()[1])
        body = b""
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
        if status < 200 or head_only:
            pass
        elif b"\r\nTransfer-Encoding: chunked\r\n" in head:
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size)
                expect(self.exactly(2), b"\r\n")
            expect(self.exactly(2), b"\r\n")
        elif length:
            body = self.exactly(int(length[1]))
        else:
            body = self.all()
            self.input = b""
        return status, head, body

    def check(self, status, **how):
        got, head, body = self.answer(**how)
        expect(got, status, f"{head}")
        return head, body

    def check_end(self):
        expect(self.all(), b"", "a connection that should be closed:")

    def close(self):
        self.socket.close()
        self.raw.close()


def get(more=b"", method=b"GET", version=b"1.1", path=None):
    return method + b" " + (path or GET).encode() + b" HTTP/" + version + b"\r\nHost: x\r\n" + more + b"\r\n"


def post(more, body=b"", version=b"1.1"):
    return b"POST " + POST.encode() + b" HTTP/" + version + b"\r\nHost: x\r\n" + more + b"\r\n" + body


def chunked(body, fields=b""):
    return post(b"Transfer-Encoding: chunked\r\n" + fields, body)


whole = b"3\r\n[1]\r\n0\r\n\r\n"
first = b"%%%02x" % ord(GET[1]) if len(GET) > 1 else b""  # its first letter, encoded
G = GET.encode()

# What is sent; the statuses of the answers; and those that the twin may give instead, if they differ.
cases = [
    # The request line.
    (get(), [200]),
    (b"\r\n\r\n\n" + get(), [200], [400]),
    (post(b"Content-Length: 3\r\n", b"[1]") + b"\r\n" + get(), [posted, 200]),
    (b"GET /" + first + G[2:] + b"?a=%20+&b HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
    (b"GET http://x" + G + b" HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
    (b"GET HTTPS://y:1" + G + b"?a HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
    (b"GET http://x/nothing HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
    (b"GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", [400], [404]),
    (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", [400], [200, 404]),
    (b"GET nothing HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /nothing%zz HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /nothing%1 HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /nothing% HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /nothing%-1 HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET " + G + b"?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n", [400], [200]),
    (b"GET /nothing%00 HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
    (b"GET /nothing\0 HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /nothing#a HTTP/1.1\r\nHost: x\r\n\r\n", [400], [404]),
    (b"GET  /nothing HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET\t/nothing HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", [400], [404]),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
    (get(method=b"OPTIONS"), [405]),
    (get(method=b"get"), [405]),
    (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", [404], [200]),
    (b"nonsense\r\n", [400]),
    (b"GET " + G + b"\r\n\r\n", [400]),
    (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", [400]),
    (get(version=b"2.0"), [505]),
    (get(version=b"1"), [400]),
    (get(version=b"1.10"), [400]),
    (b"GET " + G + b" http/1.1\r\nHost: x\r\n\r\n", [400]),
    (b"GET /" + b"x" * 40000, [431]),
    # The fields.
    (b"GET " + G + b" HTTP/1.1\r\n\r\n", [400]),
    (b"GET " + G + b" HTTP/1.0\r\n\r\n", [200]),
    (get(b"Host: x\r\n"), [400]),
    (get(b"host: y\r\n", version=b"1.0"), [400]),
    (b"GET " + G + b" HTTP/1.1\r\nHost: x y\r\n\r\n", [400]),
    (b"GET " + G + b" HTTP/1.1\r\nHost: x/y\r\n\r\n", [400]),
    (b"GET " + G + b" HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", [200]),
    (b"GET " + G + b" HTTP/1.1\r\nHost : x\r\n\r\n", [400]),
    (b"GET " + G + b" HTTP/1.1\r\n Host: x\r\n\r\n", [400]),
    (b"GET " + G + b" HTTP/1.1\nHost: x\n\n", [400], [200]),
    (get(b"A: b\n"), [400], [200]),
    (get(b"A: b\r\n c\r\n"), [400], [200]),
    (get(b"A: b\rc\r\n"), [400]),
    (get(b"A: b\0c\r\n"), [400]),
    (get(b"\0: b\r\n"), [400]),
    (get(b": b\r\n"), [400]),
    (get(b"no colon\r\n"), [400]),
    (get(b"\xe9: b\r\n"), [400]),
    (get(b"A: \xe9\r\n"), [200]),
    (get(b"a:\r\n" * 90), [200]),
    (get(b"a:\r\n" * 500), [431], [200]),
    (get(b"a:\r\n" * 20000), [431]),
    (get(b"A: " + b"x" * 40000), [431]),
    # How the body is framed.
    (post(b"Content-Length: 3\r\n", b"[1]") + get(), [posted, 200]),
    (get(b"Content-Length: 3\r\n") + b"[1]" + get(), [200, 200]),
    (post(b"Content-Length: 003\r\n", b"[1]") + get(), [posted, 200]),
    (post(b"Content-Length: 3, 3\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"[1]"), [400]),
    (post(b"Content-Length: +3\r\n", b"[1]"), [400]),
    (post(b"Content-Length: -3\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 0x3\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 3 3\r\n", b"[1]"), [400]),
    (post(b"Content-Length:\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 99999999999999999999\r\n", b"[1]"), [400]),
    (post(b"Content-Length: 18446744073709551615\r\n", b"[1]"), [413], [400]),
    (post(b"Content-Length: 70000\r\n", b"1" * 70000), [413]),
    (post(b"Content-Length: 3\r\n", b"[1]", version=b"1.0"), [posted]),
    (post(b"Transfer-Encoding: gzip\r\n"), [501]),
    (post(b"Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", b"[1]"), [501]),
    (post(b"Transfer-Encoding: gzip, chunked\r\n", whole), [501]),
    (post(b"Transfer-Encoding: chunked, gzip\r\n", whole), [501]),
    (post(b"Transfer-Encoding: identity\r\n"), [501]),
    (post(b"Transfer-Encoding: xchunked\r\n", whole), [501]),
    (post(b"Transfer-Encoding:\r\n", whole), [501]),
    (post(b"Transfer-Encoding: \"chunked\"\r\n", whole), [501]),
    (post(b"Transfer-Encoding: chunked\r\n", whole, version=b"1.0"), [400]),
    (chunked(whole, b"Transfer-Encoding: chunked\r\n"), [400], [501]),
    (chunked(whole, b"Content-Length: 3\r\n"), [400]),
    (post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", whole), [400]),
    (post(b"Transfer-Encoding: Chunked\r\n", whole) + get(), [posted, 200]),
    (chunked(b"3;a=b;c=\"d e\"\r\n[1]\r\n0;x\r\n\r\n") + get(), [posted, 200]),
    (chunked(b"3;a\nb\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"3;a=\"\nb\"\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"3\n[1]\n0\n\n"), [400]),
    (chunked(b"3\r[1]\r0\r\r"), [400]),
    (chunked(b"3 \r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"0x3\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"-3\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"3\r\n[1]xx0\r\n\r\n"), [400]),
    (chunked(b"10000000000000003\r\n[1]\r\n0\r\n\r\n"), [400]),
    (chunked(b"fffffffffffffffd\r\n[1]\r\n0\r\n\r\n"), [413], [400]),
    (chunked(b"3\r\n[1]\r\n0\r\nHost: y\r\nConnection: close\r\nA: b\r\n\r\n") + get(), [posted, 200]),
    (chunked(b"3\r\n[1]\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: gzip\r\n\r\n") + get(), [posted, 200]),
    (chunked(b"3\r\n[1]\r\n0\r\n a: b\r\n\r\n"), [400]),
    (chunked(b"3\r\n[1]\r\n0\r\na: b\nc: d\r\n\r\n"), [400]),
    (chunked(b"0\r\n\r\n") + get(method=b"HEAD"), [400 if demo == "http_service" else posted, 200]),
    (chunked(b"000000000000000000000000000003\r\n[1]\r\n00\r\n\r\n") + get(), [posted, 200], [400]),
    (chunked(b"3\r\n[1]\r\n0\r\n\r\n\r\n\r\n") + get(), [posted, 200]),
    (chunked(b"3\r\n[1]\r\n0\r\nno colon\r\n\r\n"), [400]),
    # Whether the connection is used again; what is not answered was not read.
    (get() + get(), [200, 200]),
    (get(b"Connection: close\r\n") + get(), [200]),
    (get(b"Connection: close, keep-alive\r\n") + get(), [200]),
    (get(b"Connection: keep-alive\r\nConnection: x,CLOSE\r\n") + get(), [200]),
    (get(version=b"1.0") + get(), [200]),
    (get(b"Connection: Keep-Alive\r\n", version=b"1.0") + get(), [200, 200]),
    (get(b"Connection: close, keep-alive\r\n", version=b"1.0") + get(), [200]),
    # Expectations; cut requests.
    (post(b"Expect: 100-continue\r\nContent-Length: 3\r\n", b"[1]", version=b"1.0"), [posted]),
    (post(b"Expect: more\r\nContent-Length: 3\r\n", b"[1]"), [417]),
    (get(b"Expect: 100-continue\r\n"), [200]),
]
if not tls:  # there the end of a connection that was cut says nothing of what came before
    cases += [(b"", []), (b"GET /no", [400]), (get()[:-2], [400]), (post(b"Content-Length: 4\r\n", b"[1]"), [400]),
              (chunked(whole[:-2]), [400])]


def statuses(server, data, pieces):
    client = Client(server)
    if pieces:
        for i in range(0, len(data), pieces):
            if not client.send(data[i:i + pieces]):
                break
    else:
        client.send(data)
    client.half_close()
    found = [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", client.all())]
    client.close()
    return [each for each in found if each != 100]


def check_cases():
    server = start()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for pieces in (0, 1, 7):
            chosen = [case for case in cases if not pieces or len(case[0]) < 300]
            for case, got in zip(chosen, pool.map(lambda c: statuses(server, c[0], pieces), chosen)):
                wanted = case[1]
                if twin and got != wanted:
                    # A handler of the twin that does not read the body does not see what is wrong with it.
                    may = wanted + case[2] if len(case) > 2 else wanted
                    if set(got) <= set(may + [posted, 200]):
                        continue
                expect(got, wanted, f"{case[0][:200]!r}, in pieces of {pieces}:")
    server.stop()


def check_conversations():
    server = start()

    # HEAD is GET without a body, also where there is nothing; the connection is in step.
    client = Client(server)
    client.send(get() + get(method=b"HEAD") + get(method=b"HEAD", path="/nothing") + get())
    _, body = client.check(200)
    head, _ = client.check(200, head_only=True)
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    expect(length, len(body), "length after HEAD:")
    client.check(404, head_only=True)
    expect(client.check(200)[1], body)
    client.send(get(method=b"DELETE"))
    expect(re.search(rb"\r\nAllow: ([^\r]*)", client.check(405)[0])[1], b"GET, HEAD")
    if posted == 200:
        client.send(get(method=b"HEAD", path=POST))
        client.check(405, head_only=True)
    client.close()

    # HTTP/1.0 is answered in HTTP/1.0, and may keep its connection.
    client = Client(server)
    for _ in range(2):
        client.send(get(b"Connection: keep-alive\r\n", version=b"1.0"))
        head, _ = client.check(200)
        if not (head.startswith(b"HTTP/1.0 ") and b"\r\nConnection: keep-alive\r\n" in head):
            sys.exit(f"HTTP/1.0: {head}")
    client.send(get(version=b"1.0"))
    client.check(200)
    client.check_end()

    # Who asks whether to send a body is answered at once.
    if posted == 200 or not twin:
        client = Client(server)
        client.send(post(b"Expect: 100-continue\r\nContent-Length: 3\r\n"))
        client.check(100)
        client.send(b"[1]")
        client.check(posted)
        client.send(chunked(b"", b"Expect: 100-Continue\r\n"))
        client.check(100)
        client.send(whole + get())
        client.check(posted)
        client.check(200)
        client.close()
    if not twin:
        client = Client(server)
        client.send(post(b"Expect: 100-continue\r\nContent-Length: 70000\r\n"))
        client.check(413)
        client.check_end()
        client = Client(server)
        client.send(post(b"Expect: 100-continue\r\nTransfer-Encoding: gzip\r\n"))
        client.check(501)
        client.check_end()

    # Refusals arrive although the client is still sending; a large body that is not wanted leaves the connection in step.
    client = Client(server)
    client.send(post(b"Content-Length: 300000\r\n", b"1" * 300000))
    client.check(413 if posted == 200 or not twin else 405)
    client.close()
    client = Client(server)
    client.send(post(b"Content-Length: 60000\r\n", b"[" + b"1" * 59998 + b"]") + get())
    client.answer()
    client.check(200)
    client.close()
    server.stop()


def check_pipeline():
    """Requests that come together are answered together, in their order."""
    server = start()
    client = Client(server)
    kinds = [(get(), 200, False), (post(b"Content-Length: 3\r\n", b"[2]"), posted, False), (get(path="/nothing"), 404, False),
             (get(method=b"HEAD"), 200, True), (chunked(whole), posted, False)] * 10
    client.send(b"".join(data for data, _, _ in kinds))
    for _, status, head_only in kinds:
        client.check(status, head_only=head_only)
    client.close()
    if demo in ("http_service", "context_search") and not twin and not tls:  # their handlers do not wait
        client = Client(server)
        client.send(get() * 100)
        for _ in range(100):
            client.check(200)
        info = client.raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
        segments = int.from_bytes(info[152:156], sys.byteorder)
        if len(info) >= 156 and segments > 10:
            sys.exit(f"100 answers came in {segments} segments")
        client.close()
    server.stop()


def flood(server, beginning, more):
    """Sends `more` again and again: the server must refuse it soon. Returns the first status."""
    client = Client(server)
    client.send(get())
    client.check(200)  # after that only a refusal is to be read
    client.send(beginning)
    sent, limit = 0, 20_000_000
    while sent < limit and client.send(more):
        sent += len(more)
        if select.select([client.raw], [], [], 0)[0]:
            break
    found = re.match(rb"HTTP/1\.[01] (\d\d\d) ", client.all())
    client.close()
    if sent >= limit:
        sys.exit(f"it takes {more[:20]!r} for ever")
    return int(found[1]) if found else None


def check_floods():
    server = start()
    Client(server).close()
    before = server.status("VmHWM")
    te = chunked(b"")
    for beginning, more in (
            (te + b"5;", b"a" * 10000), (te + b"5;a=\"", b"a" * 10000), (te, b"1;" + b"a" * 4000 + b"\r\nx\r\n"),
            (te, b"1;a=b;c=d;e=f;g=h\r\nx\r\n" * 400), (te, b"0" * 10000), (te + b"0\r\n", b"a: b\r\n" * 1000),
            (te + b"0\r\nA: ", b"a" * 10000), (te + b"0;", b"a" * 10000), (te, b"1\r\nx\r\n" * 1000),
            (te, b"10\r\n" + b"x" * 16 + b"\r\n"), (te + b"3\r\n[1]", b"x" * 10000), (get()[:-2], b"a: b\r\n" * 1000),
            (get()[:-2] + b"A:", b" " * 10000), (b"", b"x" * 10000), (b"GET ", b"/" * 10000)):
        status = flood(server, beginning, more)
        if status not in (400, 413, 431):
            sys.exit(f"{beginning!r} {more[:20]!r}: {status}")
    grown = server.status("VmHWM") - before
    with open(f"/proc/{server.process.pid}/maps") as maps:
        keeps_freed_memory = "libasan" in maps.read()
    if grown > 20000 and not keeps_freed_memory:
        sys.exit(f"it grew by {grown} kB")
    server.stop()


def check_half_closed():
    server = start()
    client = Client(server)
    client.send(get() + post(b"Content-Length: 3\r\n", b"[1]"))
    client.half_close()
    client.check(200)
    client.check(posted)
    client.check_end()
    server.stop()


def check_stop():
    """An idle connection ends at once."""
    server = start()
    idle, fresh, half = Client(server), Client(server), Client(server)
    idle.send(get())
    idle.check(200)
    half.send(get()[:-2])
    idle.send(get())
    idle.check(200)  # so the server has seen the other two, too
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    idle.check_end()
    if not twin:
        fresh.check_end()
        half.send(b"\r\n")
        head, _ = half.check(200)
        expect(b"\r\nConnection: close\r\n" in head, True, f"{head}")
        half.check_end()
    for each in (idle, fresh, half):
        each.close()
    expect(server.process.wait(), 0, "exit:")
    if time.monotonic() - began > 8:
        sys.exit("an idle connection holds up the end of the server")


check_cases()
check_conversations()
check_pipeline()
if not tls:
    check_half_closed()
if not twin:
    check_floods()
check_stop()
