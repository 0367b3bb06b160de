# SPDX-License-Identifier: BSL-1.0
heddle_demo(actor)
demo_test(actor output sh check.sh late actor/expected.txt PROGRAM)
demo_test(actor seeds sh check.sh seeds exact actor/expected.txt PROGRAM)
demo_test(actor go sh check.sh late actor/expected.txt TWIN)
