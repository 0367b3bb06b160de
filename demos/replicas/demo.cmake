# SPDX-License-Identifier: BSL-1.0
heddle_demo(replicas)
demo_test(replicas output sh check.sh late replicas/expected.txt PROGRAM)
demo_test(replicas seeds sh check.sh seeds exact replicas/expected.txt PROGRAM)
demo_test(replicas go sh check.sh late replicas/expected.txt TWIN)
