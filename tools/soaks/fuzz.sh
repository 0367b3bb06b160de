#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# libFuzzer with ASan and UBSan on the whole library; finds go to build/fuzz/found
set -euo pipefail
. tools/lib.sh
need "${packages[@]}" clang-19 libclang-rt-19-dev
cmake -G Ninja -S . -B build/fuzz -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug -DHEDDLE_DEMOS=OFF -DHEDDLE_TESTS=OFF \
    -DCMAKE_CXX_FLAGS="-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr -D_GLIBCXX_ASSERTIONS" >/dev/null
cmake --build build/fuzz --target heddle
flags=$(sed -n '/^build .*heddle.dir.channel.cpp.o:/,/^$/s/^  \(DEFINES\|FLAGS\|INCLUDES\) = //p' build/fuzz/build.ninja | tr '\n' ' ')
mkdir -p build/fuzz/found
# shellcheck disable=SC2086
clang++-19 $flags -fsanitize=fuzzer,address,undefined tests/fuzz/operations_fuzz.cpp build/fuzz/lib/libheddle.a \
    -ldl -pthread -o build/fuzz/operations
build/fuzz/operations -max_total_time=$((60 * SOAK_MINUTES)) -max_len=400 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix=build/fuzz/ build/fuzz/found tests/fuzz/corpus
