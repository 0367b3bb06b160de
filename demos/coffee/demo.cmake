# SPDX-License-Identifier: BSL-1.0
# broken: the last order is the shortest, so the ends of earlier orders follow its letters.
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
