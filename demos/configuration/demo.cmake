# SPDX-License-Identifier: BSL-1.0
heddle_demo(configuration)
demo_test(configuration output sh check.sh late configuration/expected.txt PROGRAM)
demo_test(configuration seeds sh check.sh seeds exact configuration/expected.txt PROGRAM)
demo_test(configuration go sh check.sh late configuration/expected.txt TWIN)
