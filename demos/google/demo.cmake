# SPDX-License-Identifier: BSL-1.0
foreach(version IN ITEMS 1_0 2_0 2_1 3_0)
  set(demo google/${version})
  heddle_demo(${demo} --runs "--runs 0" "--runs x")
  demo_test(${demo} output sh google/test.sh ${version} 2 PROGRAM)
  demo_test(${demo} statistics
    env HEDDLE_CLOCK=virtual HEDDLE_SEED=1 sh google/test.sh ${version} 20000 PROGRAM)
  demo_test(${demo} seeds sh check.sh seeds run sh google/test.sh ${version} 100 PROGRAM)
  demo_test(${demo} go sh google/test.sh ${version} 2 TWIN)
endforeach()
