# SPDX-License-Identifier: BSL-1.0
"""WebSocket clients of the server: Python's, clients that misbehave, and Chromium. Usage: PROGRAM messages|rude|browser"""
import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

import websockets

from serving import Server, expect

program, test = sys.argv[1:]
if test == "browser" and not (chromium := shutil.which("chromium")):
    print("skipped: needs chromium")
    sys.exit(77)
server = Server(program)


def connect(path, **options):
    return websockets.connect(f"ws://127.0.0.1:{server.port}{path}", ping_interval=None, **options)


async def refused(path):
    """Returns the status with which a handshake is refused."""
    try:
        async with connect(path):
            return "accepted"
    except websockets.InvalidStatusCode as e:
        return e.status_code


async def hear(members, *texts):
    for member in members:
        for text in texts:
            expect(await member.recv(), text)


async def messages():
    async with connect("/echo") as echo:
        for message in "hello", "", "caf\u00e9 \u2603", b"\x00\xff\x80", "x" * 60_000:
            await echo.send(message)
            expect(await echo.recv(), message)
        await (await echo.ping())
    async with connect("/chat") as ann, connect("/chat") as bob:
        await ann.send("I am ann")
        await hear([ann, bob], "I am ann")
        for i in range(100):
            await (ann, bob)[i % 2].send(str(i))
            await hear([ann, bob], str(i))
        both = [asyncio.gather(*(member.send(f"{name} {i}") for i in range(5))) for name, member in (("ann", ann), ("bob", bob))]
        await asyncio.gather(*both)
        heard = [[await member.recv() for _ in range(10)] for member in (ann, bob)]
        expect(heard[0], heard[1], "the members' order")
    page = urllib.request.urlopen(f"http://127.0.0.1:{server.port}/")
    expect(page.headers["Content-Type"], "text/html; charset=utf-8")
    expect(b"<title>" in page.read(), True, "the page:")


async def rude():
    expect(await refused("/other"), 404)
    for bad in b"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HT", b"x" * 20_000:
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            try:
                raw.sendall(bad)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
            except OSError:
                pass  # the server has reset the connection
    async with connect("/chat", max_size=None) as talker:
        async with connect("/echo") as long:
            await long.send("x" * 70_000)
            try:
                await long.recv()
                sys.exit("a message that is too long came back")
            except websockets.ConnectionClosed as e:
                expect(e.code, 1009, "the close of a long message:")
        # A member that resets its connection in the middle of a frame, and one that does not read.
        gone = await connect("/chat")
        gone.transport.write(b"\x81\xfe\x10\x00ab")
        gone.transport.abort()
        deaf = await connect("/chat", max_queue=1, read_limit=4096)
        deaf.transport.pause_reading()
        before, most = server.descriptors(), "y" * 60_000
        for _ in range(400):
            await talker.send(most)
            expect(await talker.recv(), most)
            if server.descriptors() < before:
                break
        else:
            sys.exit("a member that does not read was not dropped")
        expect(server.status("VmHWM") < 100_000, True, "its memory is bounded:")
        deaf.transport.abort()
        await talker.send("still here")
        await hear([talker], "still here")


async def browser():
    with tempfile.TemporaryDirectory() as home:
        chrome = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={home}",
             "--remote-debugging-port=0", "about:blank"], stderr=subprocess.PIPE, text=True)
        try:
            while "DevTools listening on " not in (line := chrome.stderr.readline()):
                expect(line != "", True, "Chromium starts:")
            tools = line.split("ws://")[1].split("/")[0]
            pages = json.load(urllib.request.urlopen(f"http://{tools}/json/list"))
            tab = next(each for each in pages if each["type"] == "page")["webSocketDebuggerUrl"]
            async with websockets.connect(tab, max_size=None) as control, connect("/chat") as friend:
                number = 0

                async def ask(method, **parameters):
                    nonlocal number
                    number += 1
                    await control.send(json.dumps({"id": number, "method": method, "params": parameters}))
                    while (answer := json.loads(await control.recv())).get("id") != number:
                        pass
                    return answer["result"]

                async def until(condition):
                    """Waits in the page until a condition holds."""
                    script = f"new Promise(done => {{ const look = () => {condition} ? done(true) : requestAnimationFrame(look); look(); }})"
                    return (await ask("Runtime.evaluate", expression=script, awaitPromise=True))["result"].get("value")

                async def do(script):
                    await ask("Runtime.evaluate", expression=script)

                await ask("Page.enable")
                await ask("Page.navigate", url=f"http://127.0.0.1:{server.port}/")
                while not await until("document.getElementById('log') && document.getElementById('log').innerText.includes('in the room')"):
                    pass  # the page that waited was still the empty one
                await do("at('text').value = 'hello from the page'; at('say').click()")
                await hear([friend], "hello from the page")
                await friend.send("hello, page")
                await until("at('log').innerText.includes('hello, page')")
                await do("at('text').value = 'is anybody there?'; at('echo').click()")
                await until("at('log').innerText.includes('echo: is anybody there?')")
                server.stop(signal.SIGTERM)
                await until("at('log').innerText.includes('The room is closed') && at('say').disabled")
        finally:
            chrome.kill()
            chrome.wait()


asyncio.run({"messages": messages, "rude": rude, "browser": browser}[test]())
if test != "browser":
    server.stop()
