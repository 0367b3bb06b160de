# SPDX-License-Identifier: BSL-1.0
heddle_demo(console)
demo_test(console pipe sh console/test.sh PROGRAM 1)
demo_test(console go sh console/test.sh TWIN)
