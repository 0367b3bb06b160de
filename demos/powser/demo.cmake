# SPDX-License-Identifier: BSL-1.0
heddle_demo(powser -n "-n 0" "-n 20")
demo_test(powser output sh check.sh exact powser/expected.txt PROGRAM)
demo_test(powser seeds sh check.sh seeds exact powser/expected.txt PROGRAM)
# Two ways give the same exponential, and the same tangent.
set(exponential "(1 1 3/2 [0-9/ ]* 4596553/362880 [0-9/ ]*)")
set(tangent "(0 1 0 1/3 [0-9/ ]* 62/2835 0 1382/155925 [0-9/ ]*)")
demo_test(powser most sh check.sh joined
  "1/.* 17 18 19 exp.*: ${exponential} exp.*: \\1 atan x: .* tan x: ${tangent} atan.*: \\2" PROGRAM -n 19)
# Thousands of tasks make these coefficients.
demo_test(powser tasks sh check.sh stderr first "heddle: [0-9]{4,} tasks .*" env HEDDLE_STATS=1 PROGRAM -n 19)
demo_test(powser go sh check.sh exact powser/expected.txt TWIN)
