# SPDX-License-Identifier: BSL-1.0
# Without a seed the writers take turns, so that the end of a longer word follows the last and shortest.
# In another order than that, a long one would have to come last for each letter: 2 * (1/4)^5 * (1/3)^3 * (1/2)^2.
function(coffee mode expected expected_of_twin)
  set(demo coffee/${mode})
  heddle_demo(${demo})
  demo_test(${demo} output sh coffee/test.sh ${expected} PROGRAM)
  demo_test(${demo} seeds sh check.sh seeds run sh coffee/test.sh ${expected} PROGRAM)
  demo_test(${demo} go sh coffee/test.sh ${expected_of_twin} TWIN)
endfunction()
coffee(actor fifo whole)
coffee(broken garbage garbage)
coffee(mutex whole whole)
