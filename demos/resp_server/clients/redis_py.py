# SPDX-License-Identifier: BSL-1.0
"""Talks to the server through redis-py, in its own version of the protocol, and in 2 and 3. Usage: redis_py.py PORT"""
import sys

import redis

for version in ({}, {"protocol": 2}, {"protocol": 3}):
    r = redis.Redis(port=int(sys.argv[1]), client_name="test", **version)
    assert r.ping() and r.echo("hi") == b"hi" and r.client_getname() in ("test", b"test")
    assert r.set("a", "b", ex=100) and r.set("a", b"\r\n\0", xx=True) and r.set("a", "c", nx=True) is None
    assert r.get("a") == b"\r\n\0" and r.delete("a", "none") == 1 and r.get("a") is None
    try:
        r.execute_command("NONSENSE")
        sys.exit("NONSENSE is a command")
    except redis.ResponseError:
        pass
    pipeline = r.pipeline(transaction=False)
    for number in range(100):
        pipeline.set(number, number).get(number).delete(number)
    assert pipeline.execute() == [each for number in range(100) for each in (True, b"%d" % number, 1)]
    p = r.pubsub()
    p.subscribe("x", "y")
    assert [p.get_message(timeout=5)["data"] for _ in range(2)] == [1, 2]
    assert r.publish("x", "hello") == 1 and p.get_message(timeout=5)["data"] == b"hello"
    p.unsubscribe()
    assert [p.get_message(timeout=5)["data"] for _ in range(2)] == [1, 0]
    p.close()
    r.close()
print("redis-py", redis.__version__)
