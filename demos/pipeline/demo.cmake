# SPDX-License-Identifier: BSL-1.0
heddle_demo(pipeline/done_close "--throw 1")
demo_test(pipeline/done_close output sh check.sh line "4|9" PROGRAM)
demo_test(pipeline/done_close seeds sh check.sh seeds line "4|9" PROGRAM)
demo_test(pipeline/done_close throw sh check.sh seeds line "left by an exception: thrown"
  sh -c "\"$0\" --throw 2>&1 >/dev/null" PROGRAM)
demo_test(pipeline/done_close go sh check.sh line "4|9" TWIN)

heddle_demo(pipeline/fan)
demo_test(pipeline/fan output sh check.sh set pipeline/fan/expected.txt PROGRAM)
demo_test(pipeline/fan seeds sh check.sh seeds set pipeline/fan/expected.txt PROGRAM)
demo_test(pipeline/fan go sh check.sh set pipeline/fan/expected.txt TWIN)

heddle_demo(pipeline/square)
demo_test(pipeline/square output sh check.sh exact pipeline/square/expected.txt PROGRAM)
demo_test(pipeline/square seeds sh check.sh seeds exact pipeline/square/expected.txt PROGRAM)
demo_test(pipeline/square go sh check.sh exact pipeline/square/expected.txt TWIN)
