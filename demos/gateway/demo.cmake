# SPDX-License-Identifier: BSL-1.0
heddle_demo(gateway)
demo_test(gateway output sh check.sh late gateway/expected.txt PROGRAM)
demo_test(gateway seeds sh check.sh seeds exact gateway/expected.txt PROGRAM)
demo_test(gateway go sh check.sh late gateway/expected.txt TWIN)
