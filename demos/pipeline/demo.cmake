# SPDX-License-Identifier: BSL-1.0
heddle_demo(pipeline/done_close "--throw 1" --in "--in 2,x")
demo_test(pipeline/done_close output sh check.sh line "4|9" PROGRAM)
demo_test(pipeline/done_close seeds sh check.sh seeds line "4|9" PROGRAM)
demo_test(pipeline/done_close throw sh check.sh seeds stderr line "left by an exception: thrown"
  PROGRAM --throw)
demo_test(pipeline/done_close three sh check.sh seeds line "4|9|25" PROGRAM --in 2,3,5)
demo_test(pipeline/done_close six sh check.sh seeds line "4|9|25|49|121|169" PROGRAM --in 2,3,5,7,11,13)
demo_test(pipeline/done_close go sh check.sh line "4|9" TWIN)

heddle_demo(pipeline/fan)
demo_test(pipeline/fan output sh check.sh set pipeline/fan/expected.txt PROGRAM)
demo_test(pipeline/fan seeds sh check.sh seeds set pipeline/fan/expected.txt PROGRAM)
demo_test(pipeline/fan go sh check.sh set pipeline/fan/expected.txt TWIN)

heddle_demo(pipeline/square)
demo_test(pipeline/square output sh check.sh exact pipeline/square/expected.txt PROGRAM)
demo_test(pipeline/square seeds sh check.sh seeds exact pipeline/square/expected.txt PROGRAM)
demo_test(pipeline/square go sh check.sh exact pipeline/square/expected.txt TWIN)

heddle_demo(pipeline/square2)
demo_test(pipeline/square2 output sh check.sh exact pipeline/square2/expected.txt PROGRAM)
demo_test(pipeline/square2 seeds sh check.sh seeds exact pipeline/square2/expected.txt PROGRAM)
demo_test(pipeline/square2 go sh check.sh exact pipeline/square2/expected.txt TWIN)

# The report of the demo has names of functions.
heddle_demo(pipeline/leak)
if(TARGET demo.pipeline.leak)
  set_target_properties(demo.pipeline.leak PROPERTIES ENABLE_EXPORTS ON)
endif()
set(started "for [0-9.]+ s. started in .*")
set(blocked "task [0-9]+ waits for a wait group +${started} task [0-9]+ waits to send on `merged` +${started}")
demo_test(pipeline/leak output sh check.sh joined "(4|9) left 2 ${blocked}" PROGRAM)
demo_test(pipeline/leak seeds sh check.sh seeds joined "(4|9) left 2 ${blocked}" PROGRAM)
demo_test(pipeline/leak go sh check.sh joined "(4|9) left 2 .*chan send.*(WaitGroup.Wait|semacquire).*" TWIN)

# leaks(NAME "LEFT with 2 inputs" "with 3" "with 6" OPTIONS...)
function(leaks name two three six)
  set(what leaks ${ARGN})
  list(TRANSFORM what REPLACE "^--" ".")
  list(JOIN what "" what)
  demo_test(${name} ${what}.2 sh pipeline/leaks.sh "${two}" 2,3 PROGRAM ${ARGN})
  demo_test(${name} ${what}.3 sh pipeline/leaks.sh "${three}" 2,3,5 PROGRAM ${ARGN})
  demo_test(${name} ${what}.6 sh pipeline/leaks.sh "${six}" 2,3,5,7,11,13 PROGRAM ${ARGN})
endfunction()

# One value is read, and two are dropped because of done; the others remain. With three inputs it
# depends on the schedule: if the stages that sent the first value also hold the third, their merge
# task drops it, and the other merge task drops the second. If not, no task takes the third.
heddle_demo(pipeline/done_values --in "--in 2," "--in ,2" "--in 2x" "--in=" "--drain=1")
leaks(pipeline/done_values 0 "0 1" 2)
leaks(pipeline/done_values 0 0 4 --drain)
demo_test(pipeline/done_values go sh check.sh joined "(4|9) left 0" TWIN)
demo_test(pipeline/done_values go.six sh check.sh joined "[0-9]+ left 2" TWIN --in 2,3,5,7,11,13)
demo_test(pipeline/done_values go.drain sh check.sh joined "[0-9]+ left 4" TWIN --drain --in 2,3,5,7,11,13)

heddle_demo(pipeline/done_merge "--in 2,,3")
leaks(pipeline/done_merge 0 "0 1" 2)
demo_test(pipeline/done_merge go sh check.sh joined "(4|9) left 0" TWIN)
demo_test(pipeline/done_merge go.six sh check.sh joined "[0-9]+ left 2" TWIN --in 2,3,5,7,11,13)

heddle_demo(pipeline/buffer "--in x")
leaks(pipeline/buffer 0 2 5)
demo_test(pipeline/buffer go sh check.sh joined "(4|9) left 0" TWIN)
demo_test(pipeline/buffer go.three sh check.sh joined "(4|9|25) left 2" TWIN --in 2,3,5)
