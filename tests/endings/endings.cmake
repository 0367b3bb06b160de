# SPDX-License-Identifier: BSL-1.0
# How a program ends, and what it prints then: check.sh runs each mode of main.cpp.
if(thread_sanitized OR WIN32)
  return()  # Windows has no signals by which a program ends
endif()

set(endings deadlock caught other cancelled cancelled_on_context cancelled_in_future timed_out detached leak signals_TERM_TERM signals_INT_INT signals_TERM_INT signals_INT_TERM signals_caught_INT_INT signals_end_TERM_TERM threads quit no_quit
  by_task by_task_on_strand by_worker by_task_in_between by_world by_blocking_work
  by_unhandled by_value by_stop_callback by_stop_callback_of_deadline by_handler by_refused_value
  by_first_of_two by_first_of_handler_and_task by_executor)
if(HEDDLE_TEST_GLIBC)
  list(APPEND endings by_task_of_pool)  # where pthread_join of the thread itself does not wait for ever, as it does in musl
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND endings same_host)  # this one ends by an assertion
endif()

list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
add_executable(heddle_endings endings/main.cpp)
target_link_libraries(heddle_endings PRIVATE heddle::${HEDDLE_LIBRARY})
foreach(ending IN LISTS endings)
  heddle_script_test(endings.${ending} endings/check.sh $<TARGET_FILE:heddle_endings> ${ending} ${emulator})
  set_tests_properties(endings.${ending} PROPERTIES TIMEOUT 20)
endforeach()
