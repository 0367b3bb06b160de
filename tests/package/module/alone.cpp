// SPDX-License-Identifier: BSL-1.0
// A program that includes no header of heddle.
#include <cstdio>

import heddle;

heddle::task<> doubler(heddle::channel<int> in, heddle::channel<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v * 2);
    out.close();
}

heddle::task<> print_doubles() {
    heddle::channel<int> in, out;
    heddle::go(doubler, in, out);
    co_await in.send(21);
    in.close();
    while (auto v = co_await out.receive())
        std::printf("%d\n", *v);
}

int main() { heddle::run(print_doubles()); }
