# SPDX-License-Identifier: BSL-1.0
"""A server disconnects a client that is silent or does not read; a client that talks may stay. Usage: PROGRAM DEMO"""
import select
import socket
import sys
import threading

from serving import Peer, Server, expect

program, demo = sys.argv[1:]
idle = ["--idle", "200"]


def beat():
    """Waits for less time than the server's patience."""
    select.select([], [], [], 0.04)


def stays(peer, line, answers):
    """Checks that a client that sends a line now and then is answered for longer than a silent client may stay."""
    for _ in range(10):
        beat()
        peer.say(line)
        peer.check(*answers)


def fill(peer, data):
    """Sends more than the server can send back, until it is disconnected."""
    while peer.send(data):
        pass


def check_echo():
    server = Server(program, *idle)
    silent, deaf, busy = Peer(server), Peer(server, receive=2048), Peer(server)
    stays(busy, "here", ["here"])
    silent.check_closed()
    fill(deaf, b"x" * 100000)
    server.stop()


def check_chat():
    server = Server(program, *idle)
    nameless, silent, busy = Peer(server), Peer(server), Peer(server)
    busy.say("busy")
    busy.check("busy has arrived")
    silent.say("silent")
    silent.check("silent has arrived")
    busy.check("silent has arrived")
    for i in range(10):
        beat()
        busy.say(str(i))
        if (heard := busy.hear()) == "silent has left":
            heard = busy.hear()
        expect(heard, f"busy: {i}")
    silent.hear_until("busy: 1")
    while silent.hear():
        pass
    nameless.check_closed()
    server.stop()


def check_chat_roulette():
    server = Server(program, "--patience", "5000", *idle)
    ann, bob = Peer(server), Peer(server)
    ann.check("Waiting for a partner...", "Found one! Say hi.")
    bob.check("Waiting for a partner...", "Found one! Say hi.")
    for _ in range(10):
        beat()
        ann.say("hi")
        bob.say("ho")
        ann.check("ho")
        bob.check("hi")
    ann.check_closed()  # both are silent now
    bob.check_closed()
    server.stop()
    robot = Server(program, "--patience", "1", *idle)
    alone = Peer(robot)
    alone.check("Waiting for a partner...", "Found a robot. Say hi.")
    stays(alone, "a", ["a"])
    alone.check_closed()
    deaf = Peer(robot, receive=2048)
    fill(deaf, b"word " * 20 + b"\n")
    robot.stop()


def check_resp_server():
    server = Server(program, *idle)
    silent, listener, busy = Peer(server), Peer(server), Peer(server)
    listener.say("SUBSCRIBE news")
    listener.hear_until(":1")
    stays(busy, "PING", ["+PONG"])
    silent.check_closed()
    busy.say("PUBLISH news old")
    busy.check(":1")  # a subscriber may be silent
    listener.hear_until("old")
    deaf = Peer(server, receive=2048)
    deaf.say("SET large " + "x" * 60000)
    fill(deaf, b"GET large\r\n" * 100)
    server.stop()


def check_tcp_balancer():
    listening = socket.create_server(("127.0.0.1", 0))

    def echo(conn):
        while data := conn.recv(1000):
            conn.sendall(data)

    def download(conn):
        """Sends to a silent client for longer than a client may be idle."""
        for i in range(10):
            beat()
            conn.sendall(b"%d\n" % i)
        conn.close()

    def serve():
        for what in (echo, echo, download):
            conn = listening.accept()[0]
            threading.Thread(target=what, args=[conn], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    server = Server(program, *idle, str(listening.getsockname()[1]))
    busy = Peer(server)
    stays(busy, "here", ["here"])
    silent = Peer(server)
    silent.say("once")
    silent.check("once")
    silent.check_closed()
    busy.check_closed()
    Peer(server).check(*(str(i) for i in range(10)))
    server.stop()


globals()[f"check_{demo}"]()
