# SPDX-License-Identifier: BSL-1.0
"""Each client of a clock is told the time, again and again, whatever others do. Usage: test.py PROGRAM"""
import re
import sys

from serving import Nc, Peer, Server

program, = sys.argv[1:]


def tells_time(client):
    for _ in range(5):
        line = client.hear()
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", line):
            sys.exit(f"no time: {line!r}")


# Clients that stay, that leave in several ways, and a new one.
server = Server(program, "--tick", "10")
server.check_port_is_taken()
stays, leaves, resets, half = Nc(server), Peer(server), Peer(server), Peer(server)
for client in (stays, leaves, resets, half):
    tells_time(client)
open_before = server.descriptors()
leaves.close()
resets.reset()
half.half_close()
tells_time(half)
tells_time(stays)
late = Nc(server)
tells_time(late)
while server.descriptors() > open_before - 1:  # two have left, and one has come
    tells_time(stays)
server.stop()
