# SPDX-License-Identifier: BSL-1.0
heddle_demo(factor -w "-w 0" "-w x")
demo_test(factor output sh factor/test.sh PROGRAM)
demo_test(factor seeds sh check.sh seeds run sh factor/test.sh PROGRAM)
# So many workers need an N-th of the time: 100 numbers of 10 ms each.
foreach(workers_and_time IN ITEMS "1;1000" "3;340" "10;100" "100;10" "1000;10")
  list(GET workers_and_time 0 workers)
  list(GET workers_and_time 1 time)
  demo_test(factor time.${workers} sh check.sh seeds stderr line "100 numbers took ${time} ms" PROGRAM -w ${workers})
endforeach()
demo_test(factor go sh factor/test.sh TWIN)
