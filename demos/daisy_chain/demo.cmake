# SPDX-License-Identifier: BSL-1.0
heddle_demo(daisy_chain -n "-n 0" "-n x")
demo_test(daisy_chain output sh check.sh exact daisy_chain/expected.txt PROGRAM)
demo_test(daisy_chain seeds sh check.sh seeds exact daisy_chain/expected.txt PROGRAM)
demo_test(daisy_chain cheap sh daisy_chain/cheap.sh PROGRAM)
demo_test(daisy_chain go sh check.sh exact daisy_chain/expected.txt TWIN)
