# SPDX-License-Identifier: BSL-1.0
heddle_demo(gophers "--design 5" "--cores 0" "--cores 1,x" "--cost 1,2,3" "--cost 1,1,1,0"
  "--cost 1,1,1,nan" "--cost 1,1,1,1001" "--cores 1001" "--books 0" "--carts 0" "--draw 1")
demo_test(gophers output sh check.sh exact gophers/expected.txt PROGRAM)
demo_test(gophers table sh gophers/test.sh table PROGRAM)
demo_test(gophers seeds sh check.sh seeds run sh gophers/test.sh table PROGRAM)
demo_test(gophers cores sh check.sh seeds run sh gophers/test.sh cores PROGRAM)
foreach(design IN ITEMS 1 2m 2x 3 4 8 2d 4d 8d 16)
  demo_test(gophers draw.${design} sh gophers/test.sh draw PROGRAM ${design})
endforeach()
demo_test(gophers draw.quick sh gophers/test.sh draw PROGRAM 8d --cost .25,4,.25,4)
demo_test(gophers draw.text sh check.sh exact gophers/expected_draw.txt
  env HEDDLE_CLOCK=virtual PROGRAM --draw --design 4 --cores 16 --books 2)
demo_test(gophers terminal sh gophers/test.sh terminal PROGRAM)
demo_test(gophers go sh gophers/test.sh twin TWIN)
