# SPDX-License-Identifier: BSL-1.0
heddle_demo(replicated_client "--sticky 1")
set(expected replicated_client/expected.txt)
set(sticky replicated_client/expected_sticky.txt)
demo_test(replicated_client output sh check.sh late ${expected} PROGRAM)
demo_test(replicated_client seeds sh check.sh seeds exact ${expected} PROGRAM)
demo_test(replicated_client sticky sh check.sh seeds exact ${sticky} PROGRAM --sticky)
demo_test(replicated_client go sh check.sh late ${expected} TWIN)
demo_test(replicated_client go.sticky sh check.sh late ${sticky} TWIN --sticky)
