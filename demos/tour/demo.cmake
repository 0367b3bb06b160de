# SPDX-License-Identifier: BSL-1.0
heddle_demo(tour/sum)
demo_test(tour/sum output sh check.sh line "17 -5 12|-5 17 12" PROGRAM)
demo_test(tour/sum seeds sh check.sh seeds line "17 -5 12|-5 17 12" PROGRAM)
demo_test(tour/sum orders sh orders.sh PROGRAM)
demo_test(tour/sum go sh check.sh line "17 -5 12|-5 17 12" TWIN)

foreach(mode IN ITEMS fib fib_quit)
  set(demo tour/${mode})
  heddle_demo(${demo})
  demo_test(${demo} output sh check.sh exact ${demo}/expected.txt PROGRAM)
  demo_test(${demo} seeds sh check.sh seeds exact ${demo}/expected.txt PROGRAM)
  demo_test(${demo} go sh check.sh exact ${demo}/expected.txt TWIN)
endforeach()

# At 500 ms both the fifth tick and the boom are there. In real time a sleep may be longer, and a tick be missed.
heddle_demo(tour/tick)
demo_test(tour/tick output sh check.sh joined "\\. (\\. |tick )+BOOM!" PROGRAM)
demo_test(tour/tick seeds sh check.sh seeds joined "(\\. \\. tick ){4}\\. \\. (tick )?BOOM!" PROGRAM)
demo_test(tour/tick orders env HEDDLE_CLOCK=virtual sh orders.sh PROGRAM)
demo_test(tour/tick go sh check.sh joined "\\. (\\. |tick )+BOOM!" TWIN)
