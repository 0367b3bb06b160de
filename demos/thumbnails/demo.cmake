# SPDX-License-Identifier: BSL-1.0
heddle_demo(thumbnails)
demo_test(thumbnails output sh check.sh late thumbnails/expected.txt PROGRAM)
demo_test(thumbnails seeds sh check.sh seeds exact thumbnails/expected.txt PROGRAM)
demo_test(thumbnails go sh check.sh late thumbnails/expected.txt TWIN)
