# SPDX-License-Identifier: BSL-1.0
foreach(mode serial bare_go)
  heddle_demo(workers/${mode})
  set(expected workers/${mode}/expected.txt)
  demo_test(workers/${mode} output sh check.sh exact ${expected} PROGRAM)
  demo_test(workers/${mode} seeds sh check.sh seeds exact ${expected} PROGRAM)
  demo_test(workers/${mode} go sh check.sh exact ${expected} TWIN)
endforeach()

# test.sh has a MODE for the promises of each demo; demos without one promise all lines.
foreach(mode sleep wait_group one range bad_close count select close)
  heddle_demo(workers/${mode})
  string(REGEX REPLACE "^(count|select|close)$" "all" promise ${mode})
  demo_test(workers/${mode} output sh workers/test.sh ${promise} PROGRAM)
  demo_test(workers/${mode} seeds sh workers/test.sh --seeds ${promise} PROGRAM)
  demo_test(workers/${mode} go sh workers/test.sh ${promise} TWIN)
endforeach()

# The jobs were started, and are still there when main ends.
demo_test(workers/bare_go left sh check.sh stderr first "heddle: 4 tasks started, 3 left, .*"
  env HEDDLE_STATS=1 PROGRAM)
