# SPDX-License-Identifier: BSL-1.0
heddle_demo(futures)
demo_test(futures output sh check.sh late futures/expected.txt PROGRAM)
demo_test(futures seeds sh check.sh seeds exact futures/expected.txt PROGRAM)
demo_test(futures go sh check.sh late futures/expected.txt TWIN)
