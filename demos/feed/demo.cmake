# SPDX-License-Identifier: BSL-1.0
foreach(mode IN ITEMS naive loop)
  set(demo feed/${mode})
  heddle_demo(${demo})
  demo_test(${demo} output sh check.sh late ${demo}/expected.txt PROGRAM)
  demo_test(${demo} seeds sh check.sh seeds exact ${demo}/expected.txt PROGRAM)
  demo_test(${demo} go sh check.sh late ${demo}/expected.txt TWIN)
endforeach()

heddle_demo(feed/merge)
demo_test(feed/merge output sh check.sh set feed/merge/expected.txt PROGRAM)
demo_test(feed/merge seeds sh check.sh seeds set feed/merge/expected.txt PROGRAM)
demo_test(feed/merge go sh check.sh set feed/merge/expected.txt TWIN)
