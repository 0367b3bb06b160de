# SPDX-License-Identifier: BSL-1.0
# The texts of this repository agree with each other, and the benchmarks run. One build, of the
# static library without a sanitizer, is enough.
if(sanitized OR BUILD_SHARED_LIBS OR HEDDLE_TEST_PROGRAMS_ONLY)
  return()
endif()

heddle_script_test(seams seams.sh ${PROJECT_SOURCE_DIR})
heddle_python_test(layers ${CMAKE_CURRENT_SOURCE_DIR}/layers.py ${PROJECT_SOURCE_DIR})
heddle_python_test(atomics ${CMAKE_CURRENT_SOURCE_DIR}/atomics.py ${PROJECT_SOURCE_DIR})
heddle_script_test(format repository/format.sh ${PROJECT_SOURCE_DIR})
heddle_script_test(workflow repository/workflow.sh ${PROJECT_SOURCE_DIR})
heddle_script_test(package.version repository/version.sh ${PROJECT_SOURCE_DIR} ${PROJECT_VERSION})
heddle_script_test(demos.index repository/demos_index.sh ${PROJECT_SOURCE_DIR})
heddle_script_test(readme repository/readme_code.sh ${PROJECT_SOURCE_DIR})
heddle_python_test(laws.table ${PROJECT_SOURCE_DIR}/tools/laws --check)

# The benchmarks work and check their results. They are built with flags of their own, which takes most of the time.
add_test(NAME bench.smoke COMMAND ${CMAKE_COMMAND} -E env CXX=${CMAKE_CXX_COMPILER}
  ${PROJECT_SOURCE_DIR}/tools/bench --quick --build ${CMAKE_BINARY_DIR}/bench)
add_test(NAME bench.driver COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/benchmarks/driver_test.py)
add_test(NAME bench.many_cores COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/benchmarks/many_cores.py --check)
set_tests_properties(bench.smoke bench.driver bench.many_cores PROPERTIES LABELS bench TIMEOUT 600)
set_tests_properties(bench.smoke PROPERTIES PROCESSORS 2)
