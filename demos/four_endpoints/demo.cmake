# SPDX-License-Identifier: BSL-1.0
heddle_http_demo(four_endpoints --port "--port x" "--port -1" "--port 65536" "--port 1 2" --host "--host localhost")
demo_test(four_endpoints curl sh four_endpoints/test.sh PROGRAM 1)
demo_test(four_endpoints go sh four_endpoints/test.sh TWIN)
