# SPDX-License-Identifier: BSL-1.0
# The proofs that are not programs of doctest cases: soak, fuzz, models, mutants and faults.

# soak/network.cpp is a service whose clients misbehave. tools/soak runs it for longer.
add_executable(heddle_soak_network proof/soak/network.cpp)
target_include_directories(heddle_soak_network PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(heddle_soak_network PRIVATE heddle::${HEDDLE_LIBRARY})
set(seconds 20)
if(sanitized OR emulated)
  set(seconds 5)
endif()
add_test(NAME soak.network COMMAND heddle_soak_network ${seconds})
set_tests_properties(soak.network PROPERTIES LABELS soak PROCESSORS 2 TIMEOUT 120)

# fuzz/ compares random operations with a model of them. This program replays the corpus, without libFuzzer.
function(heddle_add_fuzz_corpus)
  add_executable(heddle_replay proof/fuzz/operations_fuzz.cpp proof/fuzz/replay.cpp)
  target_link_libraries(heddle_replay PRIVATE heddle::${HEDDLE_LIBRARY})
  file(GLOB corpus CONFIGURE_DEPENDS proof/fuzz/corpus/*)
  set(random_runs 20000)
  if(emulated)
    set(random_runs 500)
  endif()
  add_test(NAME fuzz.corpus COMMAND heddle_replay ${random_runs} 1 ${corpus})
endfunction()

# This program lets clang's libFuzzer choose the operations, for 15 seconds.
function(heddle_add_fuzz_short)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  check_cxx_source_compiles("extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }" HAS_LIBFUZZER)
  if(NOT HAS_LIBFUZZER)
    return()
  endif()
  add_executable(heddle_fuzz proof/fuzz/operations_fuzz.cpp)
  target_compile_options(heddle_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(heddle_fuzz PRIVATE heddle::${HEDDLE_LIBRARY} -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/fuzz_found)
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz.short COMMAND heddle_fuzz -max_total_time=15 -max_len=160 -verbosity=0 -print_final_stats=1
    -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${found} ${CMAKE_CURRENT_SOURCE_DIR}/proof/fuzz/corpus)
endfunction()

# models/ has a model of each algorithm in which threads share data without a lock. Relacy runs it under the
# interleavings and reorderings that C++ allows.
function(heddle_add_models)
  foreach(model IN LISTS ARGN)
    add_executable(heddle_model_${model} proof/models/${model}.cpp)
    set_target_properties(heddle_model_${model} PROPERTIES CXX_STANDARD 17)
    target_include_directories(heddle_model_${model} SYSTEM PRIVATE ${RELACY_INCLUDE_DIR})
    target_compile_options(heddle_model_${model} PRIVATE -O1 -w)  # Relacy's macros would cause our warnings
    add_test(NAME models.${model} COMMAND heddle_model_${model})
    set_tests_properties(models.${model} PROPERTIES TIMEOUT 300)
  endforeach()
endfunction()

if(NOT thread_sanitized)
  heddle_add_fuzz_corpus()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND NOT sanitized AND NOT HEDDLE_TEST_PROGRAMS_ONLY)
  heddle_add_fuzz_short()
endif()
find_path(RELACY_INCLUDE_DIR relacy/relacy.hpp)
if(RELACY_INCLUDE_DIR AND NOT sanitized AND NOT BUILD_SHARED_LIBS AND NOT HEDDLE_TEST_PROGRAMS_ONLY)  # the models do not depend on how heddle is built
  heddle_add_models(asio_wait biased_lock claim emission homecoming idle_host idle_worker inbox join lost sealed search selector)
endif()

if(NOT sanitized AND NOT HEDDLE_TEST_PROGRAMS_ONLY)
  # The tests must notice these deliberate bugs, with one compiler. tools/mutants has more of them.
  if(HEDDLE_TEST_MODEL AND NOT BUILD_SHARED_LIBS)
    heddle_python_test(mutants.ci ${PROJECT_SOURCE_DIR}/tools/mutants --ci --build ${CMAKE_BINARY_DIR})
  endif()

  # In each run of these demos one allocation fails. `tools/soak faults` runs all demos like that.
  if(Python3_FOUND AND HEDDLE_DEMOS AND NOT HEDDLE_DEMO_SMOKE_ONLY)
    add_library(heddle_failing_new MODULE proof/faults/failing_new.cpp)
    heddle_python_test(faults.demos ${CMAKE_CURRENT_SOURCE_DIR}/proof/faults/demos.py $<TARGET_FILE:heddle_failing_new> 20
      $<TARGET_FILE:demo.coffee.actor> $<TARGET_FILE:demo.pipeline.fan> $<TARGET_FILE:demo.scatter_gather>)
  endif()
endif()
