# SPDX-License-Identifier: BSL-1.0
heddle_demo(connection_pool)
demo_test(connection_pool output sh check.sh late connection_pool/expected.txt PROGRAM)
demo_test(connection_pool seeds sh check.sh seeds exact connection_pool/expected.txt PROGRAM)
demo_test(connection_pool go sh check.sh late connection_pool/expected.txt TWIN)
