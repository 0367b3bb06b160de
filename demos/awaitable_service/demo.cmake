# SPDX-License-Identifier: BSL-1.0
heddle_demo(awaitable_service --port "--port x" --host "--host localhost" --workers "--workers 0")
demo_test(awaitable_service nc sh serving.sh awaitable_service/test.py PROGRAM)
demo_test(awaitable_service host sh serving.sh host.py PROGRAM)
