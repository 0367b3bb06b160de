// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

heddle::task<> count(int& n) {
    ++n;
    co_return;
}

void count_there(asio::io_context& context, int& n) { heddle::go(context, count, n); }

int main() {}
