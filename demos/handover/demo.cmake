# SPDX-License-Identifier: BSL-1.0
heddle_demo(handover)
demo_test(handover output sh check.sh exact handover/expected.txt PROGRAM)
demo_test(handover seeds sh check.sh seeds exact handover/expected.txt PROGRAM)
demo_test(handover go sh check.sh exact handover/expected.txt TWIN)
