# SPDX-License-Identifier: BSL-1.0
heddle_demo(ownership)
demo_test(ownership output sh check.sh late ownership/expected.txt PROGRAM)
demo_test(ownership seeds sh check.sh seeds exact ownership/expected.txt PROGRAM)
demo_test(ownership go sh check.sh late ownership/expected.txt TWIN)
