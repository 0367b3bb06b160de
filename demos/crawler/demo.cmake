# SPDX-License-Identifier: BSL-1.0
heddle_demo(crawler --depth "--depth 0" "--depth x")
demo_test(crawler output sh check.sh set crawler/expected.txt PROGRAM)
demo_test(crawler seeds sh check.sh seeds set crawler/expected.txt PROGRAM)
demo_test(crawler depth sh check.sh line "found: https://golang.org/ \"The Go.*\"" PROGRAM --depth 1)
demo_test(crawler parallel sh check.sh seeds stderr line "5 pages took 300 ms" PROGRAM)
demo_test(crawler go sh check.sh set crawler/expected.txt TWIN)
demo_test(crawler go.parallel sh check.sh stderr late crawler/expected_time.txt TWIN)
