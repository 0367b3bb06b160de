# SPDX-License-Identifier: BSL-1.0
heddle_demo(worker_pool -w "-w 0" "-j x" "--late 1")
set(pool set worker_pool/expected.txt sh worker_pool/anyone.sh)
demo_test(worker_pool output sh check.sh ${pool} PROGRAM)
demo_test(worker_pool seeds sh check.sh seeds ${pool} PROGRAM)
demo_test(worker_pool late sh check.sh seeds ${pool} PROGRAM --late)
demo_test(worker_pool go sh check.sh ${pool} TWIN)
demo_test(worker_pool go.late sh check.sh ${pool} TWIN --late)
