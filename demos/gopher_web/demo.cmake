# SPDX-License-Identifier: BSL-1.0
heddle_http_demo(gopher_web PATHS --port "--port x" "--port -1" "--port 65536" "one two" --host "--host localhost")
demo_test(gopher_web curl sh gopher_web/test.sh PROGRAM)
demo_test(gopher_web go sh gopher_web/test.sh TWIN)
