# SPDX-License-Identifier: BSL-1.0
heddle_demo(chat --port "--port x" "--port 65536")
demo_test(chat nc sh serving.sh chat/test.py PROGRAM)
demo_test(chat go sh serving.sh chat/test.py TWIN)
