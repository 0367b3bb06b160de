# SPDX-License-Identifier: BSL-1.0
heddle_demo(ping_pong -k "-k 0" "--for x" "--no-ball 1" "--stacks 1")
set(test sh ping_pong/test.sh)
foreach(k IN ITEMS 2 3 36)
  # Hits come at 0, 100, ... 1000 ms; then each other player, having waited before main, hits once more.
  math(EXPR hits "11 + ${k} - 1")
  demo_test(ping_pong ${k}_players sh check.sh seeds run ${test} turns ${k} ${hits} PROGRAM)
endforeach()
demo_test(ping_pong no_ball sh check.sh seeds run ${test} no_ball PROGRAM)
demo_test(ping_pong stacks sh check.sh seeds run ${test} stacks PROGRAM)
demo_test(ping_pong go ${test} turns 2 any TWIN)
demo_test(ping_pong go.no_ball ${test} no_ball TWIN)
demo_test(ping_pong go.stacks ${test} stacks TWIN)
