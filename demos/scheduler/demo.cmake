# SPDX-License-Identifier: BSL-1.0
# Server 1 needs 100 ms for each of 6 tasks; server 3 is there after 250 ms and does the other 4.
heddle_demo(scheduler)
demo_test(scheduler output sh check.sh joined "(task [0-9]+ is done ){10}10 tasks took [0-9]+ ms" PROGRAM)
demo_test(scheduler seeds sh check.sh seeds set scheduler/expected.txt PROGRAM)
demo_test(scheduler failed sh check.sh seeds stderr line "server 2 has failed" PROGRAM)
demo_test(scheduler go sh check.sh joined "(task [0-9]+ is done ){10}10 tasks took [0-9]+ ms" TWIN)
