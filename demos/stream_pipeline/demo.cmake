# SPDX-License-Identifier: BSL-1.0
heddle_demo(stream_pipeline)
demo_test(stream_pipeline output sh check.sh exact stream_pipeline/expected.txt PROGRAM)
demo_test(stream_pipeline seeds sh check.sh seeds exact stream_pipeline/expected.txt PROGRAM)
demo_test(stream_pipeline go sh check.sh exact stream_pipeline/expected.txt TWIN)
