# SPDX-License-Identifier: BSL-1.0
heddle_demo(compose)
demo_test(compose output sh check.sh exact compose/expected.txt PROGRAM)
demo_test(compose go sh check.sh exact compose/expected.txt TWIN)
