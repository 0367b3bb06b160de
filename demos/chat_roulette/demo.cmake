# SPDX-License-Identifier: BSL-1.0
heddle_demo(chat_roulette --port "--port x" --host "--host localhost" "--idle 0" --patience "--patience 0")
demo_test(chat_roulette nc sh serving.sh chat_roulette/test.py PROGRAM)
demo_test(chat_roulette go sh serving.sh chat_roulette/test.py TWIN)
demo_test(chat_roulette idle sh serving.sh idle.py PROGRAM chat_roulette)
demo_test(chat_roulette go.idle sh serving.sh idle.py TWIN chat_roulette)
demo_test(chat_roulette host sh serving.sh host.py PROGRAM)
demo_test(chat_roulette go.host sh serving.sh host.py TWIN)
