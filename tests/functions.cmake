# SPDX-License-Identifier: BSL-1.0
# The functions that add tests.

# heddle_require_listed(PATTERN... LISTED FILE...) fails if a file matches a PATTERN and is not listed: it would never run.
function(heddle_require_listed)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" LISTED)
  file(GLOB_RECURSE unlisted CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${arg_UNPARSED_ARGUMENTS})
  list(REMOVE_ITEM unlisted ${arg_LISTED})
  if(unlisted)
    message(SEND_ERROR "tests/CMakeLists.txt does not list: ${unlisted}")
  endif()
endfunction()

# heddle_suites(RESULT FILE...) sets RESULT to the names of the doctest suites in the files. CMake runs again when one of
# the files is edited.
function(heddle_suites result)
  set(suites)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  foreach(file IN LISTS ARGN)
    file(STRINGS ${file} lines REGEX "^ *TEST_SUITE(_BEGIN)?\\(\"[^\"]+\"\\)")
    list(TRANSFORM lines REPLACE "^[^\"]*\"([^\"]+)\".*" "\\1" OUTPUT_VARIABLE names)
    list(APPEND suites ${names})
  endforeach()
  list(REMOVE_DUPLICATES suites)
  set(${result} ${suites} PARENT_SCOPE)
endfunction()

# heddle_test_program(NAME LIBRARY SOURCE...) builds heddle_NAME from doctest cases. The test NAME.registered fails if one
# of the cases is outside every suite, because ctest would never run that case.
function(heddle_test_program name library)
  add_executable(heddle_${name} ${ARGN})
  target_include_directories(heddle_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(heddle_${name} PRIVATE ${library} heddle_test_main)
  heddle_suites(suites ${ARGN})
  list(JOIN suites "," suites)
  add_test(NAME ${name}.registered COMMAND heddle_${name} --count --test-suite-exclude=${suites})
  set_tests_properties(${name}.registered PROPERTIES PASS_REGULAR_EXPRESSION "current filters: 0\n")
endfunction()

# heddle_run_suites_in_both_lock_modes(NAME FILE...) runs each suite of the files twice: in a process with one thread, so
# that locks are elided, and, as NAME.threaded, beside a second thread that is parked, so that they are not.
# support/main.cpp asserts that the process is in the mode that was asked for. A suite called *.threads starts threads
# itself, so it runs only once; with HEDDLE_TEST_THREADED_ONLY all do.
function(heddle_run_suites_in_both_lock_modes name)
  heddle_suites(suites ${ARGN})
  foreach(suite IN LISTS suites)
    if(NOT suite MATCHES "\\.threads$" AND NOT HEDDLE_TEST_THREADED_ONLY)
      add_test(NAME ${suite} COMMAND heddle_${name} --test-suite=${suite})
      set_tests_properties(${suite} PROPERTIES ENVIRONMENT HEDDLE_TEST_THREADED=0)
    endif()
    add_test(NAME ${suite}.threaded COMMAND heddle_${name} --test-suite=${suite})
    set_tests_properties(${suite}.threaded PROPERTIES ENVIRONMENT HEDDLE_TEST_THREADED=1)
  endforeach()
endfunction()

# heddle_run_stress_suites(NAME FILE...) runs each suite of the files once. It counts as two tests for ctest -j.
function(heddle_run_stress_suites name)
  heddle_suites(suites ${ARGN})
  foreach(suite IN LISTS suites)
    add_test(NAME ${suite} COMMAND heddle_${name} --test-suite=${suite})
    set_tests_properties(${suite} PROPERTIES LABELS stress PROCESSORS 2)
  endforeach()
endfunction()

# heddle_script_test(NAME SCRIPT ARGUMENT...) runs a shell script of this folder. It exits 77 where it cannot run.
function(heddle_script_test name script)
  add_test(NAME ${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

# heddle_python_test(NAME SCRIPT ARGUMENT...) runs a script with Python, where there is one.
function(heddle_python_test name script)
  if(Python3_FOUND)
    add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} ${script} ${ARGN})
  endif()
endfunction()
