# SPDX-License-Identifier: BSL-1.0
"""Shared by the tests of servers: a server that runs, and clients: polite ones (nc) and others.

Nothing here sleeps: each step waits for an effect of the step before, and an alarm limits the time.
"""
import atexit
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback


def too_late(*_):
    raise SystemExit("hangs in " + "".join(traceback.format_stack()))


signal.signal(signal.SIGALRM, too_late)
signal.alarm(int(os.environ.get("LIMIT", 50)))
# The memory of a server built with ASan would be that in its quarantine.
os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


def expect(got, wanted, what=""):
    if got != wanted:
        sys.exit(f"{what} got: {got!r}, expected: {wanted!r}")


class Server:
    """Runs PROGRAM --port 0 ARGUMENTS...; it prints its port. `descriptors`: the most that it may have."""

    def __init__(self, program, *arguments, port=0, descriptors=1024):
        self.program = program
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([program, "--port", str(port), *arguments],
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                              (descriptors, descriptors)))
        atexit.register(self.process.kill)
        self.said = self.process.stdout.readline().decode()
        self.port = int(self.said.rsplit(":", 1)[1])
        self.host = self.said.split()[-1].rsplit(":", 1)[0].strip("[]")

    def status(self, key):
        """A number of /proc/PID/status: VmHWM is the most memory that it ever had, in kB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(next(line for line in file if line.startswith(key)).split()[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def stop(self, number=signal.SIGTERM):
        """It must end with 0."""
        self.process.send_signal(number)
        expect(self.process.wait(), 0, f"exit after {number}: {self.stderr()}")

    def check_port_is_taken(self):
        second = subprocess.run([self.program, "--port", str(self.port)], capture_output=True)
        expect(second.returncode, 1, "a second server on the same port:")


class Lines:
    """Sends and receives lines."""

    def say(self, *lines):
        self.output.write("".join(line + "\n" for line in lines).encode())
        self.output.flush()

    def hear(self):
        """Returns the next line, or "" at the end."""
        try:
            return self.input.readline().decode(errors="surrogateescape").rstrip("\r\n")
        except ConnectionError:
            return ""

    def hear_until(self, wanted):
        while (line := self.hear()) != wanted:
            if not line:
                sys.exit(f"never heard: {wanted}")

    def check(self, *lines):
        for line in lines:
            expect(self.hear(), line)

    def check_closed(self):
        expect(self.hear(), "", "a connection that should be closed:")


class Nc(Lines):
    """A client that behaves: netcat."""

    def __init__(self, server):
        self.process = subprocess.Popen(["nc", "-N", server.host, str(server.port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.process.kill)
        self.output, self.input = self.process.stdin, self.process.stdout

    def leave(self):
        self.output.close()


class Peer(Lines):
    """A client that need not behave. `receive`: the size of its buffer, for one that reads slowly. `connected`: its socket."""

    def __init__(self, server, receive=None, connected=None):
        self.socket = connected or socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        if not connected:
            self.socket.connect((server.host, server.port))
        self.output, self.input = self.socket.makefile("wb"), self.socket.makefile("rb")

    def send(self, data):
        """Returns whether the server took all of it."""
        try:
            self.socket.sendall(data)
            return True
        except ConnectionError:
            return False

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        for each in (self.output, self.input, self.socket):
            try:
                each.close()
            except ConnectionError:
                pass

    def reset(self):
        """Leaves by RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
