# SPDX-License-Identifier: BSL-1.0
heddle_demo(printer)
demo_test(printer output sh check.sh late printer/expected.txt PROGRAM)
demo_test(printer seeds sh check.sh seeds exact printer/expected.txt PROGRAM)
demo_test(printer go sh check.sh late printer/expected.txt TWIN)
