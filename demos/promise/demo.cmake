# SPDX-License-Identifier: BSL-1.0
heddle_demo(promise)
demo_test(promise output sh check.sh late promise/expected.txt PROGRAM)
demo_test(promise seeds sh check.sh seeds exact promise/expected.txt PROGRAM)
demo_test(promise go sh check.sh late promise/expected.txt TWIN)
