# SPDX-License-Identifier: BSL-1.0
heddle_demo(rate --burst "--burst x" "--burst -1")
demo_test(rate output sh check.sh late rate/expected.txt PROGRAM)
demo_test(rate seeds sh check.sh seeds exact rate/expected.txt PROGRAM)
demo_test(rate burst sh check.sh late rate/expected_burst.txt PROGRAM --burst 3)
demo_test(rate burst.seeds sh check.sh seeds exact rate/expected_burst.txt PROGRAM --burst 3)
demo_test(rate go sh check.sh late rate/expected.txt TWIN)
demo_test(rate go.burst sh check.sh late rate/expected_burst.txt TWIN --burst 3)
