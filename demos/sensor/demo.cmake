# SPDX-License-Identifier: BSL-1.0
heddle_demo(sensor)
demo_test(sensor output sh check.sh late sensor/expected.txt PROGRAM)
demo_test(sensor seeds sh check.sh seeds exact sensor/expected.txt PROGRAM)
demo_test(sensor go sh check.sh late sensor/expected.txt TWIN)
