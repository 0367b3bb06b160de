# SPDX-License-Identifier: BSL-1.0
"""A balancer that lacks descriptors makes clients wait, and blames no backend. Usage: PROGRAM"""
import resource
import select
import socket
import sys
import threading

from serving import Peer, Server, expect

program, = sys.argv[1:]
listening = socket.create_server(("127.0.0.1", 0), backlog=200)
backend_port = str(listening.getsockname()[1])


def serve():
    while True:
        conn = listening.accept()[0]
        conn.sendall(conn.recv(100))
        conn.close()


threading.Thread(target=serve, daemon=True).start()

# With more clients than descriptors all are served in the end, and no backend is to blame.
few = Server(program, backend_port, descriptors=30)
clients = [Peer(few) for _ in range(60)]
for number, client in enumerate(clients):
    client.say(str(number))
for number, client in enumerate(clients):
    client.check(str(number))
    client.check_closed()
    client.close()
expect(few.stderr(), "", "one with few descriptors:")

# It has a descriptor for a client, and none for a backend: no backend is to blame, which is asked when there is one.
each = Server(program, backend_port)
resource.prlimit(each.process.pid, resource.RLIMIT_NOFILE, (each.descriptors() + 1, 1024))
client = Peer(each)
client.say("late")
select.select([client.socket], [], [], 0.5)
resource.prlimit(each.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
client.check("late")
expect(each.stderr(), "", "one that lacked descriptors:")
each.stop()
few.stop()
