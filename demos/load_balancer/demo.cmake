# SPDX-License-Identifier: BSL-1.0
heddle_demo(load_balancer/simple --workers "--workers 0" "--workers x" "--jobs 1x" "--jobs -1")
set(results load_balancer/simple/expected.txt)
demo_test(load_balancer/simple output sh check.sh set ${results} PROGRAM)
demo_test(load_balancer/simple seeds sh check.sh seeds set ${results} PROGRAM)
demo_test(load_balancer/simple scaling sh load_balancer/simple/scaling.sh PROGRAM)
demo_test(load_balancer/simple lockless sh load_balancer/simple/lockless.sh)
demo_test(load_balancer/simple go sh check.sh set ${results} TWIN)

# A requester has one request under way, so there are never more requests than requesters. But in real
# time a requester may go on before its worker has reported that it is done.
set(nonsense "--requesters 0" "--workers x" "--events -1" "--events 1 2")
set(check sh load_balancer/balance.sh)
heddle_demo(load_balancer/heap ${nonsense})
demo_test(load_balancer/heap output ${check} heap 500 110 0 100 PROGRAM)
demo_test(load_balancer/heap seeds sh check.sh seeds run ${check} heap 10000 100 0 1 PROGRAM)
demo_test(load_balancer/heap go ${check} heap 500 110 0 100 TWIN)

heddle_demo(load_balancer/round_robin ${nonsense})
demo_test(load_balancer/round_robin output ${check} round_robin 500 110 0 100 PROGRAM)
demo_test(load_balancer/round_robin seeds sh check.sh seeds run
  ${check} round_robin 10000 100 10 1000 PROGRAM)
demo_test(load_balancer/round_robin go ${check} round_robin 500 110 0 100 TWIN)

heddle_demo(load_balancer/safe ${nonsense})
demo_test(load_balancer/safe output ${check} safe 500 10 0 1 PROGRAM)
demo_test(load_balancer/safe seeds sh check.sh seeds run ${check} safe 10000 10 0 1 PROGRAM)
demo_test(load_balancer/safe go ${check} safe 500 10 0 1 TWIN)

heddle_demo(load_balancer/unbuffered "--requesters 0" "--workers x" "--events 1")
demo_test(load_balancer/unbuffered output sh load_balancer/deadlock.sh PROGRAM)
demo_test(load_balancer/unbuffered seeds sh check.sh seeds run sh load_balancer/deadlock.sh PROGRAM)
demo_test(load_balancer/unbuffered go sh load_balancer/deadlock.sh TWIN)

# Nobody asks again before all have been asked, so ten workers get two requests each.
heddle_demo(load_balancer/library --workers "--workers 0" "--workers x" "--jobs 1x" "--jobs -1")
demo_test(load_balancer/library output sh check.sh set ${results} PROGRAM)
demo_test(load_balancer/library seeds sh check.sh seeds set ${results} PROGRAM)
demo_test(load_balancer/library even sh check.sh seeds stderr joined "(worker [0-9] has handled 2 ?){10}" PROGRAM)
