# SPDX-License-Identifier: BSL-1.0
heddle_demo(blocking)
demo_test(blocking output sh check.sh exact blocking/expected.txt PROGRAM)
demo_test(blocking go sh check.sh exact blocking/expected.txt TWIN)
