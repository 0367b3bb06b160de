# SPDX-License-Identifier: BSL-1.0
# Each .cpp file here must not compile, and names the message that the compiler must give: check.sh.
if(sanitized OR CMAKE_CROSSCOMPILING)
  return()
endif()

# Each public header compiles alone. One preset is enough to check that.
if(NOT BUILD_SHARED_LIBS AND NOT sanitized AND NOT HEDDLE_TEST_PROGRAMS_ONLY)
  add_dependencies(heddle_tests ${HEDDLE_LIBRARY}_verify_interface_header_sets)
endif()

if(HEDDLE_TEST_PROGRAMS_ONLY)
  return()  # the messages depend on the compiler
endif()

# The compiler reads the definitions and include directories that heddle gives to its users from this file.
set(definitions $<TARGET_PROPERTY:heddle,INTERFACE_COMPILE_DEFINITIONS>)
set(directories $<TARGET_PROPERTY:heddle,INTERFACE_INCLUDE_DIRECTORIES>)
set(flags_of_heddle ${CMAKE_CURRENT_BINARY_DIR}/flags_of_heddle)
file(GENERATE OUTPUT ${flags_of_heddle} CONTENT "$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},\n-D>\n>-I$<JOIN:${directories},\n-I>\n")

# include/mistakes.md says what two compilers say.
if(NOT BUILD_SHARED_LIBS AND Python3_FOUND)
  heddle_python_test(compile_fail.table ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/table --check @${flags_of_heddle})
  set_tests_properties(compile_fail.table PROPERTIES SKIP_RETURN_CODE 77)
endif()

separate_arguments(flags_of_preset NATIVE_COMMAND "${CMAKE_CXX_FLAGS}")
set(compile ${CMAKE_CXX_COMPILER} ${CMAKE_CXX20_STANDARD_COMPILE_OPTION} -Werror ${flags_of_preset} @${flags_of_heddle})

# All begin with the same header, which is compiled once. A program that changes it by macros of its own compiles alone.
set(header ${CMAKE_CURRENT_BINARY_DIR}/compile_fail/heddle.hpp)
file(CONFIGURE OUTPUT ${header} CONTENT "#include <heddle/heddle.hpp>\n")
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.hpp)
add_custom_command(OUTPUT ${header}.gch COMMAND ${compile} -x c++-header ${header} -o ${header}.gch
  DEPENDS ${headers} ${header} ${flags_of_heddle} VERBATIM)
add_custom_target(heddle_compile_fail ALL DEPENDS ${header}.gch)

file(GLOB cases CONFIGURE_DEPENDS compile_fail/*.cpp)
foreach(case IN LISTS cases)
  cmake_path(GET case STEM name)
  file(STRINGS ${case} own REGEX "#define|<boost/")
  set(precompiled)
  if(NOT own)
    set(precompiled -include ${header})
  endif()
  heddle_script_test(compile_fail.${name} compile_fail/check.sh ${case} ${compile} ${precompiled})
endforeach()
