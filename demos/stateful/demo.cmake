# SPDX-License-Identifier: BSL-1.0
heddle_demo(stateful "--log 1")
demo_test(stateful output sh check.sh exact stateful/expected.txt PROGRAM)
demo_test(stateful linear sh stateful/linear.sh PROGRAM)
demo_test(stateful seeds sh check.sh seeds run sh stateful/linear.sh PROGRAM)
demo_test(stateful go sh stateful/linear.sh TWIN)
