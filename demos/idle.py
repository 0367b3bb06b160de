# SPDX-License-Identifier: BSL-1.0
"""A server disconnects a client that is silent or does not read; a client that talks may stay. Usage: PROGRAM DEMO"""
import select
import socket
import sys
import threading
import time

from serving import Peer, Server, expect

program, demo = sys.argv[1:]
idle = ["--idle", "1000"]


def beat():
    """Waits for less time than the server's patience."""
    select.select([], [], [], 0.1)


def stays(peer, line, answers):
    """Checks that a client that sends a line now and then is answered for longer than a silent client may stay."""
    for _ in range(15):
        beat()
        peer.say(line)
        peer.check(*answers)


def fill(peer, data):
    """Sends more than the server can send back, until it is disconnected."""
    while peer.send(data):
        pass


def read_slowly(peer):
    """Reads for longer than that so little that the system takes nothing for it meanwhile: it must stay, as it does read."""
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        if not peer.socket.recv(4096):
            sys.exit("one that reads slowly was disconnected")
        select.select([], [], [], 0.02)


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
    for i in range(15):
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
    for _ in range(15):
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
    slow = Peer(server, receive=4096)
    slow.send(b"GET large\r\n" * 60)
    read_slowly(slow)
    slow.close()
    deaf, busy = Peer(server, receive=4096), Peer(server)
    deaf.say("SUBSCRIBE quiet")
    deaf.hear_until(":1")
    for _ in range(75):  # less than what may wait for a subscriber
        busy.say("PUBLISH quiet " + "y" * 60000)
        busy.hear()
    while beat() or busy.say("PUBLISH quiet x") or busy.hear() != ":0":
        pass
    server.stop()


def check_tcp_balancer():
    listening = socket.create_server(("127.0.0.1", 0))

    def echo(conn):
        try:
            while data := conn.recv(1000):
                conn.sendall(data)
        except ConnectionError:
            pass

    def download(conn):
        """Sends to a silent client for longer than a client may be idle."""
        for i in range(15):
            beat()
            conn.sendall(b"%d\n" % i)
        conn.close()

    def flood(conn):
        conn.sendall(b"x" * 6_000_000)

    def serve():
        for what in (echo, echo, download, flood):
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
    Peer(server).check(*(str(i) for i in range(15)))
    read_slowly(Peer(server, receive=4096))
    server.stop()


globals()[f"check_{demo}"]()
