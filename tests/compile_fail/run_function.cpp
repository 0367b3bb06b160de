// SPDX-License-Identifier: BSL-1.0
// mistake: `heddle::run(f)`
// error: call the function, f\(args...\)
#include <heddle/heddle.hpp>

heddle::task<> f();

int main() { heddle::run(f); }
