# SPDX-License-Identifier: BSL-1.0
# In real time replies may overtake each other.
heddle_demo(protocol_mux)
demo_test(protocol_mux output sh check.sh joined "(([a-e]) has the answer to \\2 after [0-9]+ ms ?){5}" PROGRAM)
demo_test(protocol_mux seeds sh check.sh seeds exact protocol_mux/expected.txt PROGRAM)
demo_test(protocol_mux go sh check.sh joined "(([a-e]) has the answer to \\2 after [0-9]+ ms ?){5}" TWIN)
