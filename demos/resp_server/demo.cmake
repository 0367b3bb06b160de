# SPDX-License-Identifier: BSL-1.0
heddle_demo(resp_server --port "--port x" --host "--host localhost" "--idle 0" "--port 65536")
demo_test(resp_server nc sh serving.sh resp_server/test.py PROGRAM)
demo_test(resp_server redis sh resp_server/redis.sh PROGRAM)
demo_test(resp_server go sh serving.sh resp_server/test.py TWIN)
demo_test(resp_server idle sh serving.sh idle.py PROGRAM resp_server)
demo_test(resp_server go.idle sh serving.sh idle.py TWIN resp_server)
demo_test(resp_server host sh serving.sh host.py PROGRAM)
demo_test(resp_server go.host sh serving.sh host.py TWIN)
