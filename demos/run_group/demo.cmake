# SPDX-License-Identifier: BSL-1.0
heddle_demo(run_group)
demo_test(run_group output sh check.sh late run_group/expected.txt PROGRAM)
demo_test(run_group seeds sh check.sh seeds exact run_group/expected.txt PROGRAM)
demo_test(run_group go sh check.sh late run_group/expected.txt TWIN)
