# SPDX-License-Identifier: BSL-1.0
heddle_demo(journal)
demo_test(journal output sh check.sh late journal/expected.txt PROGRAM)
demo_test(journal seeds sh check.sh seeds exact journal/expected.txt PROGRAM)
demo_test(journal go sh check.sh late journal/expected.txt TWIN)
