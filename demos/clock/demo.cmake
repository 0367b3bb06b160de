# SPDX-License-Identifier: BSL-1.0
heddle_demo(clock --port "--port x" --host "--host localhost" "--tick 0")
demo_test(clock nc sh serving.sh clock/test.py PROGRAM)
demo_test(clock go sh serving.sh clock/test.py TWIN)
demo_test(clock host sh serving.sh host.py PROGRAM)
demo_test(clock go.host sh serving.sh host.py TWIN)
