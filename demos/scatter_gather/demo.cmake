# SPDX-License-Identifier: BSL-1.0
heddle_demo(scatter_gather -n "-n x" "-n -1" "--fail 1x" "-n 99999999999")
demo_test(scatter_gather output sh check.sh exact scatter_gather/expected.txt PROGRAM)
demo_test(scatter_gather seeds sh check.sh seeds exact scatter_gather/expected.txt PROGRAM)
demo_test(scatter_gather fail sh check.sh exact scatter_gather/expected_fail.txt PROGRAM --fail 3)
demo_test(scatter_gather go sh check.sh exact scatter_gather/expected.txt TWIN)
demo_test(scatter_gather go.fail sh check.sh exact scatter_gather/expected_fail.txt TWIN --fail 3)
