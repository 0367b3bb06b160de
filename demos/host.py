# SPDX-License-Identifier: BSL-1.0
"""A server listens at the address that it is told, and outlives its terminal. Usage: PROGRAM ARGUMENTS..."""
import signal
import socket
import subprocess
import sys

from serving import Server, expect

program, *arguments = sys.argv[1:]


def reaches(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as peer:
        return peer.connect_ex((host, port)) == 0


def check(host, said, reached, not_reached):
    server = Server(program, "--host", host, *arguments)
    expect(server.said, f"listening on {said}:{server.port}\n")
    for number in (signal.SIGHUP, signal.SIGHUP, None):
        for each in reached:
            expect(reaches(each, server.port), True, f"{host} at {each}")
        for each in not_reached:
            expect(reaches(each, server.port), False, f"{host} at {each}")
        if number:
            server.process.send_signal(number)
    server.stop()


check("127.0.0.1", "127.0.0.1", ["127.0.0.1"], ["127.0.0.2"])
check("127.0.0.2", "127.0.0.2", ["127.0.0.2"], ["127.0.0.1"])
try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
except OSError as e:
    print("without IPv6:", e)
else:
    check("::1", "[::1]", ["::1"], ["127.0.0.1"])
    server = Server(program, "--host", "::", *arguments)
    expect(reaches("::1", server.port), True, ":: at ::1")
    server.stop()

for host in ("", "localhost", "127.0.0", "127.0.0.256", "::g", "[::1]", "127.0.0.1:80", "1"):
    refused = subprocess.run([program, "--host", host, *arguments], capture_output=True)
    expect((refused.returncode, refused.stdout), (2, b""), f"--host {host!r}:")
    if not refused.stderr.lower().startswith(b"usage"):
        sys.exit(f"--host {host!r}: {refused.stderr!r}")
