// SPDX-License-Identifier: BSL-1.0
// The sender closes the channel after its last value, so the receiver's loop ends.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <utility>

heddle::task<> fibonacci(std::size_t n, heddle::sender<int> c) {
    int x = 0, y = 1;
    for (std::size_t i = 0; i < n; ++i) {
        co_await c.send(x);
        x = std::exchange(y, x + y);
    }
    c.close();
}

heddle::task<> fib() {
    heddle::channel<int> c(10);
    heddle::go(fibonacci, c.capacity(), c);
    while (auto i = co_await c.receive())
        std::cout << *i << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "tour/fib");
    heddle::run(fib());
}
