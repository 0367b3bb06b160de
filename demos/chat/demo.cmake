# SPDX-License-Identifier: BSL-1.0
heddle_demo(chat --port "--port x" --host "--host localhost" "--idle 0" "--port 65536")
demo_test(chat nc sh serving.sh chat/test.py PROGRAM)
demo_test(chat go sh serving.sh chat/test.py TWIN)
demo_test(chat idle sh serving.sh idle.py PROGRAM chat)
demo_test(chat go.idle sh serving.sh idle.py TWIN chat)
demo_test(chat host sh serving.sh host.py PROGRAM)
demo_test(chat go.host sh serving.sh host.py TWIN)
