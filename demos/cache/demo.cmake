# SPDX-License-Identifier: BSL-1.0
heddle_demo(cache)
demo_test(cache output sh check.sh late cache/expected.txt PROGRAM)
demo_test(cache seeds sh check.sh seeds exact cache/expected.txt PROGRAM)
demo_test(cache go sh check.sh late cache/expected.txt TWIN)
