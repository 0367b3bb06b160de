# SPDX-License-Identifier: BSL-1.0
heddle_demo(hello "--no-wait=1" "--wait")
demo_test(hello output sh check.sh exact hello/expected.txt PROGRAM)
demo_test(hello seeds sh check.sh seeds exact hello/expected.txt PROGRAM)
demo_test(hello no_wait sh check.sh exact hello/expected_no_wait.txt PROGRAM --no-wait)
demo_test(hello no_wait.seeds sh check.sh seeds exact hello/expected_no_wait.txt PROGRAM --no-wait)
demo_test(hello go sh check.sh exact hello/expected.txt TWIN)
demo_test(hello go.no_wait sh check.sh exact hello/expected_no_wait.txt TWIN --no-wait)
