# SPDX-License-Identifier: BSL-1.0
heddle_demo(trees "--leaky 1")
demo_test(trees output sh check.sh exact trees/expected.txt PROGRAM)
demo_test(trees seeds sh check.sh seeds exact trees/expected.txt PROGRAM)
demo_test(trees leaky sh check.sh seeds exact trees/expected_leaky.txt PROGRAM --leaky)
demo_test(trees go sh check.sh exact trees/expected.txt TWIN)
demo_test(trees go.leaky sh check.sh exact trees/expected_leaky.txt TWIN --leaky)
