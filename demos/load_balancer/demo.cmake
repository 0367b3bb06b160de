# SPDX-License-Identifier: BSL-1.0
heddle_demo(load_balancer/simple --workers "--workers 0" "--workers x" "--jobs 1x" "--jobs -1")
set(results load_balancer/simple/expected.txt)
demo_test(load_balancer/simple output sh check.sh set ${results} PROGRAM)
demo_test(load_balancer/simple seeds sh check.sh seeds set ${results} PROGRAM)
demo_test(load_balancer/simple scaling sh load_balancer/simple/scaling.sh PROGRAM)
demo_test(load_balancer/simple lockless
  sh -c "test $(grep -cEi 'mutex|semaphore|atomic|_lock|lock_|lock\\(' load_balancer/simple/main.cpp) = 0")
demo_test(load_balancer/simple go sh check.sh set ${results} TWIN)
