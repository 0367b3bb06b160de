# SPDX-License-Identifier: BSL-1.0
heddle_demo(countdown)
demo_test(countdown output sh check.sh exact countdown/expected.txt PROGRAM)
demo_test(countdown seeds sh check.sh seeds exact countdown/expected.txt PROGRAM)
demo_test(countdown abort sh countdown/abort.sh PROGRAM)
demo_test(countdown go sh check.sh exact countdown/expected.txt TWIN)
demo_test(countdown go.abort sh countdown/abort.sh TWIN)
