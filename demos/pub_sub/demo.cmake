# SPDX-License-Identifier: BSL-1.0
heddle_demo(pub_sub --policy "--policy none")
foreach(policy IN ITEMS wait drop queue)
  set(expected pub_sub/expected_${policy}.txt)
  demo_test(pub_sub ${policy} sh check.sh seeds exact ${expected} PROGRAM --policy ${policy})
  demo_test(pub_sub go.${policy} sh check.sh late ${expected} TWIN --policy ${policy})
endforeach()
demo_test(pub_sub output sh check.sh late pub_sub/expected_wait.txt PROGRAM)
