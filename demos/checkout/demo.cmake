# SPDX-License-Identifier: BSL-1.0
heddle_demo(checkout)
demo_test(checkout output sh check.sh late checkout/expected.txt PROGRAM)
demo_test(checkout seeds sh check.sh seeds exact checkout/expected.txt PROGRAM)
demo_test(checkout go sh check.sh late checkout/expected.txt TWIN)
