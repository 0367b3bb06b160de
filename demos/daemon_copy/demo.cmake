# SPDX-License-Identifier: BSL-1.0
heddle_demo(daemon_copy)
demo_test(daemon_copy output sh check.sh exact daemon_copy/expected.txt PROGRAM)
demo_test(daemon_copy seeds sh check.sh seeds exact daemon_copy/expected.txt PROGRAM)
demo_test(daemon_copy go sh check.sh exact daemon_copy/expected.txt TWIN)
