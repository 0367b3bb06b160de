# SPDX-License-Identifier: BSL-1.0
heddle_demo(ten_words)
demo_test(ten_words output sh check.sh set ten_words/expected.txt PROGRAM)
demo_test(ten_words seeds sh check.sh seeds set ten_words/expected.txt PROGRAM)
demo_test(ten_words go sh check.sh set ten_words/expected.txt TWIN)
demo_test(ten_words orders sh orders.sh PROGRAM)
