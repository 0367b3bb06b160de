# SPDX-License-Identifier: BSL-1.0
heddle_demo(not_faster)
demo_test(not_faster output sh check.sh late not_faster/expected.txt PROGRAM)
demo_test(not_faster seeds sh check.sh seeds exact not_faster/expected.txt PROGRAM)
# How often Go hands over depends on how fast its workers are woken.
demo_test(not_faster go sh check.sh joined
  "([1248] workers: 120 operations in (1[2-9]|[2-9][0-9])[0-9] ms, handed over [0-9]+ times ?){4}" TWIN)
