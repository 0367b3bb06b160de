# SPDX-License-Identifier: BSL-1.0
heddle_demo(state_machine)
demo_test(state_machine output sh check.sh exact state_machine/expected.txt PROGRAM)
demo_test(state_machine seeds sh check.sh seeds exact state_machine/expected.txt PROGRAM)
demo_test(state_machine go sh check.sh exact state_machine/expected.txt TWIN)
