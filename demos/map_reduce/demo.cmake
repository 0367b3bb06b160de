# SPDX-License-Identifier: BSL-1.0
heddle_demo(map_reduce PATHS "-m 0 x" "-r x x" "-m")
file(GLOB texts ${CMAKE_CURRENT_SOURCE_DIR}/../README.md ${CMAKE_CURRENT_SOURCE_DIR}/../lib/*/*.cpp)
demo_test(map_reduce words sh map_reduce/test.sh PROGRAM ${texts})
demo_test(map_reduce go sh map_reduce/test.sh TWIN ${texts})
