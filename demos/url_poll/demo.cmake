# SPDX-License-Identifier: BSL-1.0
heddle_demo(url_poll)
set(state "Current state: http://a.example 200 OK http://b.example 200 OK http://c.example error")
demo_test(url_poll output sh check.sh joined "${state} [12] ${state} [1-3] ${state} [2-4]" PROGRAM)
demo_test(url_poll seeds sh check.sh seeds exact url_poll/expected.txt PROGRAM)
demo_test(url_poll go sh check.sh joined "${state} [12] ${state} [1-3] ${state} [2-4]" TWIN)
