// SPDX-License-Identifier: BSL-1.0
// A future is a channel with room for one value: nobody has to take it.
// The same program in Go: main.go. What both print: expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::receiver<int> async(int value, heddle::duration latency) {
    heddle::channel<int> c(1);
    heddle::go([=]() -> heddle::task<> {
        co_await heddle::sleep(latency);
        std::cout << value << " is there\n";
        co_await c.send(value);
    });
    return c;
}

heddle::task<> futures() {
    auto start = heddle::now();
    auto a = async(1, 300ms), b = async(2, 100ms), c = async(3, 200ms);
    int sum = *co_await a.receive() + *co_await b.receive() + *co_await c.receive();
    std::cout << "their sum is " << sum << " after " << (heddle::now() - start) / 1ms
              << " ms\n";

    (void)async(4, 100ms);  // forgotten
    while (heddle::live_tasks() > 1)
        co_await heddle::sleep(10ms);
    std::cout << "nobody waits to send it\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "futures");
    heddle::run(futures());
}
