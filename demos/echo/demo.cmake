# SPDX-License-Identifier: BSL-1.0
heddle_demo(echo --port "--port x" --host "--host localhost" "--idle 0" "--port -1" "--port 65536" "--port 1 2")
demo_test(echo nc sh echo/test.sh PROGRAM talk)
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*undefined")
  # UBSan reads a vptr through a pipe, and calls it invalid when no descriptor is left.
  demo_test(echo descriptors sh echo/test.sh PROGRAM exhaust)
endif()
demo_test(echo go sh echo/test.sh TWIN talk)
demo_test(echo go.descriptors sh echo/test.sh TWIN exhaust)
demo_test(echo idle sh serving.sh idle.py PROGRAM echo)
demo_test(echo go.idle sh serving.sh idle.py TWIN echo)
demo_test(echo host sh serving.sh host.py PROGRAM)
demo_test(echo go.host sh serving.sh host.py TWIN)
