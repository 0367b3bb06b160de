// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

heddle::task<> count(heddle::sender<int> out, int& n) { co_await out.send(++n); }

heddle::receiver<int> numbers(int& n) { return heddle::generate<int>(count, n); }

int main() {}
