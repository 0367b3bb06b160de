# SPDX-License-Identifier: BSL-1.0
# The tests name Asio as its standalone users do. heddle_asio_is_boost(FILE...) makes a header <asio/x.hpp> for each that one of
# the files includes, which includes <boost/asio/x.hpp> and gives the names of the one to those of the other.
function(heddle_asio_is_boost)
  set(directory ${CMAKE_BINARY_DIR}/asio_is_boost)
  file(CONFIGURE OUTPUT ${directory}/asio_is_boost.hpp CONTENT [=[
#pragma once
#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/detail/config.hpp>
#include <boost/asio/version.hpp>

namespace boost::asio {}
namespace asio = boost::asio;

#define ASIO_VERSION BOOST_ASIO_VERSION
#define ASIO_CONCURRENCY_HINT_SAFE BOOST_ASIO_CONCURRENCY_HINT_SAFE
#define ASIO_CONCURRENCY_HINT_UNSAFE BOOST_ASIO_CONCURRENCY_HINT_UNSAFE
#define ASIO_CONCURRENCY_HINT_UNSAFE_IO BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO
#ifdef BOOST_ASIO_HAS_FILE
#define ASIO_HAS_FILE BOOST_ASIO_HAS_FILE
#endif
]=])
  set(headers asio.hpp)
  foreach(file IN LISTS ARGN)
    file(STRINGS ${file} lines REGEX "^#include <asio[./]")
    list(TRANSFORM lines REPLACE "^#include <([^>]*)>.*" "\\1")
    list(APPEND headers ${lines})
  endforeach()
  list(REMOVE_DUPLICATES headers)
  foreach(header IN LISTS headers)
    if(NOT EXISTS ${HEDDLE_BOOST_INCLUDE_DIR}/boost/${header})
      continue()  # the test asks whether there is one
    endif()
    file(CONFIGURE OUTPUT ${directory}/${header} CONTENT "#pragma once\n#include <boost/@header@>\n#include <asio_is_boost.hpp>\n" @ONLY)
  endforeach()
  include_directories(BEFORE SYSTEM ${directory})
endfunction()
