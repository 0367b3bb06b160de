# SPDX-License-Identifier: BSL-1.0
heddle_demo(go_statement)
demo_test(go_statement output sh check.sh exact go_statement/expected.txt PROGRAM)
demo_test(go_statement seeds sh check.sh seeds exact go_statement/expected.txt PROGRAM)
demo_test(go_statement go sh check.sh exact go_statement/expected.txt TWIN)
