# SPDX-License-Identifier: BSL-1.0
heddle_demo(request_id)
demo_test(request_id output sh check.sh set request_id/expected.txt PROGRAM)
demo_test(request_id seeds sh check.sh seeds exact request_id/expected.txt PROGRAM)
demo_test(request_id go sh check.sh set request_id/expected.txt TWIN)
