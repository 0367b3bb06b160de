# SPDX-License-Identifier: BSL-1.0
heddle_demo(million -n "-n 0" "-n x" "--threads 0")
# Less than 1000 bytes, also at -O0; a goroutine has 2048 for its stack alone.
set(lines "100000 tasks live on [0-9]+ threads, BYTES bytes each 0 tasks live after [0-9]+ ms")
string(REPLACE BYTES "[1-9][0-9]{1,2}" small "${lines}")
string(REPLACE BYTES "[2-9][0-9]{3}" large "${lines}")
demo_test(million output sh check.sh joined "${small}" PROGRAM -n 100000)
demo_test(million threads sh check.sh joined "${small}" PROGRAM -n 100000 --threads 2)
demo_test(million go sh check.sh joined "${large}" TWIN -n 100000)
