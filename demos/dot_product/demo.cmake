# SPDX-License-Identifier: BSL-1.0
heddle_demo(dot_product "-n 0" "-n 3000001" "--chunks 0" "--chunks 5" "--meet 1")
demo_test(dot_product output sh check.sh exact dot_product/expected.txt PROGRAM)
demo_test(dot_product seeds sh check.sh seeds exact dot_product/expected.txt PROGRAM)
# i * (n - i) for all i below n is n * (n * n - 1) / 6.
foreach(chunks IN ITEMS 1 2 3 4)
  demo_test(dot_product ${chunks}_chunks.short sh check.sh line 4 PROGRAM -n 3 --chunks ${chunks})
  demo_test(dot_product ${chunks}_chunks.long sh check.sh line 166667166667000000
    PROGRAM -n 1000001 --chunks ${chunks})
endforeach()
demo_test(dot_product parallel sh check.sh stderr line "4 chunks on 4 threads, main's free" PROGRAM --meet)
demo_test(dot_product go sh check.sh exact dot_product/expected.txt TWIN --meet)
