# SPDX-License-Identifier: BSL-1.0
heddle_demo(tcp_balancer --port "--port x 1" 0 65536 "80 x" "--idle 0 1" "--host 127.0.0.256 1" "--host localhost 1")
demo_test(tcp_balancer http sh serving.sh tcp_balancer/test.py PROGRAM)
demo_test(tcp_balancer broken sh serving.sh tcp_balancer/broken.py PROGRAM cpp)
demo_test(tcp_balancer go sh serving.sh tcp_balancer/test.py TWIN)
demo_test(tcp_balancer go.broken sh serving.sh tcp_balancer/broken.py TWIN go)
demo_test(tcp_balancer idle sh serving.sh idle.py PROGRAM tcp_balancer)
demo_test(tcp_balancer go.idle sh serving.sh idle.py TWIN tcp_balancer)
