# SPDX-License-Identifier: BSL-1.0
heddle_http_demo(context_search --port "--port x" --work "--work 0" --host "--host localhost")
demo_test(context_search http sh serving.sh context_search/test.py PROGRAM)
demo_test(context_search go sh serving.sh context_search/test.py TWIN twin)
