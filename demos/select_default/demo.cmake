# SPDX-License-Identifier: BSL-1.0
heddle_demo(select_default)
demo_test(select_default output sh check.sh exact select_default/expected.txt PROGRAM)
demo_test(select_default seed sh check.sh exact select_default/expected.txt env HEDDLE_SEED=1 PROGRAM)
demo_test(select_default go sh check.sh exact select_default/expected.txt TWIN)
