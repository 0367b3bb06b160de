# SPDX-License-Identifier: BSL-1.0
foreach(mode IN ITEMS all cancel one)
  set(demo replicated_query/${mode})
  heddle_demo(${demo})
  demo_test(${demo} output sh check.sh late ${demo}/expected.txt PROGRAM)
  demo_test(${demo} seeds sh check.sh seeds exact ${demo}/expected.txt PROGRAM)
  demo_test(${demo} go sh check.sh late ${demo}/expected.txt TWIN)
endforeach()

set(demo replicated_query/racy)
heddle_demo(${demo} --runs "--runs 0" "--runs x")
demo_test(${demo} output sh check.sh exact ${demo}/expected.txt PROGRAM)
demo_test(${demo} seeds sh check.sh seeds exact ${demo}/expected.txt PROGRAM)
demo_test(${demo} go sh check.sh exact ${demo}/expected.txt TWIN)
