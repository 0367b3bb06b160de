# SPDX-License-Identifier: BSL-1.0
heddle_demo(search_box)
demo_test(search_box output sh check.sh late search_box/expected.txt PROGRAM)
demo_test(search_box seeds sh check.sh seeds exact search_box/expected.txt PROGRAM)
demo_test(search_box go sh check.sh late search_box/expected.txt TWIN)
