# SPDX-License-Identifier: BSL-1.0
if(NOT CMAKE_CXX_FLAGS MATCHES "ASIO_HAS_IO_URING")
  message(STATUS "Demo file_copy: not built, as it needs Asio on io_uring (the preset io_uring)")
  return()
endif()
heddle_demo(file_copy PATHS --block "--block 0 a b")
demo_test(file_copy files sh file_copy/test.sh PROGRAM)
