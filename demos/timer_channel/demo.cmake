# SPDX-License-Identifier: BSL-1.0
heddle_demo(timer_channel)
demo_test(timer_channel output sh check.sh late timer_channel/expected.txt PROGRAM)
demo_test(timer_channel seeds sh check.sh seeds exact timer_channel/expected.txt PROGRAM)
demo_test(timer_channel go sh check.sh late timer_channel/expected.txt TWIN)
