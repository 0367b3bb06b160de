# SPDX-License-Identifier: BSL-1.0
heddle_demo(effective/semaphore --limit "--limit 0" "--limit x")
demo_test(effective/semaphore output sh check.sh late effective/semaphore/expected.txt PROGRAM)
demo_test(effective/semaphore seeds sh check.sh seeds exact effective/semaphore/expected.txt PROGRAM)
demo_test(effective/semaphore one sh check.sh seeds line "10 requests, at most 1 at once, took 1000 ms"
  PROGRAM --limit 1)
demo_test(effective/semaphore all sh check.sh seeds line "10 requests, at most 10 at once, took 100 ms"
  PROGRAM --limit 11)
demo_test(effective/semaphore go sh check.sh late effective/semaphore/expected.txt TWIN)

heddle_demo(effective/rpc)
demo_test(effective/rpc output sh check.sh exact effective/rpc/expected.txt PROGRAM)
demo_test(effective/rpc seeds sh check.sh seeds exact effective/rpc/expected.txt PROGRAM)
demo_test(effective/rpc go sh check.sh exact effective/rpc/expected.txt TWIN)

# i + i * i for all i below n is (n - 1) * n * (n + 1) / 3.
heddle_demo(effective/do_all -n "-n 0" "-n 2000001" "--pieces 0" "--pieces x")
demo_test(effective/do_all output sh check.sh exact effective/do_all/expected.txt PROGRAM)
demo_test(effective/do_all seeds sh check.sh seeds exact effective/do_all/expected.txt PROGRAM --pieces 7)
demo_test(effective/do_all more_pieces sh check.sh line "sum 330, as serially" PROGRAM -n 10 --pieces 100)
demo_test(effective/do_all go sh check.sh exact effective/do_all/expected.txt TWIN)

heddle_demo(effective/leaky_buffer --capacity "--capacity x" "--capacity -1")
foreach(capacity IN ITEMS 0 3 6)
  demo_test(effective/leaky_buffer ${capacity} sh effective/leaky_buffer/test.sh ${capacity} PROGRAM)
  demo_test(effective/leaky_buffer seeds.${capacity} sh check.sh seeds run
    sh effective/leaky_buffer/test.sh ${capacity} PROGRAM)
  demo_test(effective/leaky_buffer go.${capacity} sh effective/leaky_buffer/test.sh ${capacity} TWIN)
endforeach()
