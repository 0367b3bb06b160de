# SPDX-License-Identifier: BSL-1.0
heddle_demo(du PATHS "-v" "--pause x ." "--pause -1 .")
foreach(what IN ITEMS total progress stop)
  demo_test(du ${what} sh du/test.sh ${what} PROGRAM)
  demo_test(du go.${what} sh du/test.sh ${what} TWIN)
endforeach()
