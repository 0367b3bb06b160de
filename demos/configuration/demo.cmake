# SPDX-License-Identifier: BSL-1.0
heddle_demo(configuration)
# In real time it depends on the load of the machine which configurations are skipped.
set(limits "( [1-6]0 at [0-9]+ ms)*")
set(changes "( [2-6]0)* 60, [0-3] lost")
set(seen "server: 10 at [0-9]+ ms${limits} 60 at [0-9]+ ms alarm: [4-6]0 at [0-9]+ ms backup: [1-6]0 at [0-9]+ ms log:${changes} archive:${changes}")
demo_test(configuration output sh check.sh joined "${seen}" PROGRAM)
demo_test(configuration seeds sh check.sh seeds exact configuration/expected.txt PROGRAM)
demo_test(configuration go sh check.sh joined "${seen}" TWIN)
