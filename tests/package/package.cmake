# SPDX-License-Identifier: BSL-1.0
# Programs outside this tree use heddle in each of the ways that it is offered: check.sh.

# heddle_package_test(WAY [FLAGS]) checks one of the ways. FLAGS are those of a build for a sanitizer.
function(heddle_package_test way)
  set(asio ${HEDDLE_ASIO_INCLUDE_DIR})
  if(way STREQUAL boost)
    set(asio ${HEDDLE_BOOST_INCLUDE_DIR})
  endif()
  heddle_script_test(package.${way} package/check.sh ${way}
    ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${CMAKE_CXX_COMPILER} ${asio} ${ARGN})
  set_tests_properties(package.${way} PROPERTIES TIMEOUT 600)  # some ways build the library
endfunction()

set(ways)
if(address_sanitized)
  # A program compiled by hand also fits a library that was built with ASan.
  heddle_package_test(by_hand ${CMAKE_CXX_FLAGS})
elseif(HEDDLE_LIBRARY STREQUAL boost_heddle AND NOT sanitized)
  set(ways boost)
elseif(sanitized OR HEDDLE_TEST_PROGRAMS_ONLY)
  # No other sanitizer changes what a package is.
elseif(BUILD_SHARED_LIBS)
  set(ways find_package pkg_config by_hand flags disagree hidden debugger)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND Python3_FOUND)
    list(APPEND ways module)
  endif()
else()
  set(ways find_package pkg_config add_subdirectory fetch_content by_hand flags disagree other_asio debugger)
endif()
foreach(way IN LISTS ways)
  heddle_package_test(${way})
endforeach()
if(fetch_content IN_LIST ways)  # both build the library: the second finds it in the compiler's cache
  set_tests_properties(package.fetch_content PROPERTIES DEPENDS package.add_subdirectory)
endif()
