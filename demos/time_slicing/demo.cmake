# SPDX-License-Identifier: BSL-1.0
heddle_demo(time_slicing "--threads 0" "--threads 1025" "--tasks x" "--slices -1")
demo_test(time_slicing one sh check.sh joined
  "task 0 ran on a{20} task 1 ran on a{20} task 2 ran on a{20} 1 threads, moved 0 times"
  PROGRAM --slices 20 --threads 1)
demo_test(time_slicing two sh check.sh joined "task 0 ran on [ab]{400} .* 2 threads, moved [1-9][0-9]* times"
  PROGRAM --slices 400)
demo_test(time_slicing go sh check.sh joined "task 0 ran on [a-z]{400} .* threads, moved [1-9][0-9]* times"
  TWIN --slices 400)
