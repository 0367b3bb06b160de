# SPDX-License-Identifier: BSL-1.0
heddle_demo(chat_roulette --port "--port x" --patience "--patience 0")
demo_test(chat_roulette nc sh serving.sh chat_roulette/test.py PROGRAM)
demo_test(chat_roulette go sh serving.sh chat_roulette/test.py TWIN)
