# SPDX-License-Identifier: BSL-1.0
heddle_demo(dot_product "-n 0" "-n 3000001" "--chunks 0" "--chunks 5" "--meet 1")
demo_test(dot_product output sh check.sh exact dot_product/expected.txt PROGRAM)
demo_test(dot_product seeds sh check.sh seeds exact dot_product/expected.txt PROGRAM)
# i * (n - i) for all i below n is n * (n * n - 1) / 6.
foreach(chunks IN ITEMS 1 2 3 4)
  demo_test(dot_product ${chunks}_chunks sh check.sh joined "4 166667166667000000"
    sh -c "\"$0\" -n 3 --chunks ${chunks} && \"$0\" -n 1000001 --chunks ${chunks}" PROGRAM)
endforeach()
demo_test(dot_product parallel sh check.sh line "4 chunks on 4 threads, main's free" ${only_stderr} PROGRAM --meet)
demo_test(dot_product go sh check.sh exact dot_product/expected.txt TWIN --meet)
