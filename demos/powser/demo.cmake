# SPDX-License-Identifier: BSL-1.0
heddle_demo(powser -n "-n 0" "-n 13")
demo_test(powser output sh check.sh exact powser/expected.txt PROGRAM)
demo_test(powser seeds sh check.sh seeds exact powser/expected.txt PROGRAM)
demo_test(powser most sh check.sh joined
  "1/.*: 1 2 3 4 5 6 7 8 9 10 11 12 exp.* 4596553/362880 58941091/3628800 274691047/13305600 atan .* tan.* 62/2835 0 1382/155925" PROGRAM -n 12)
demo_test(powser go sh check.sh exact powser/expected.txt TWIN)
