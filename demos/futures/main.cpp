// SPDX-License-Identifier: BSL-1.0
// A future is a channel with room for one value: nobody has to take it.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::receiver<int> async(heddle::wait_group& running, int value,
                            heddle::duration latency) {
    heddle::channel<int> c(1);
    running.go([=]() -> heddle::task<> {
        co_await heddle::sleep(latency);
        std::cout << value << " is there\n";
        co_await c.send(value);
    });
    return c;
}

heddle::task<> futures() {
    heddle::wait_group running;
    auto start = heddle::now();
    auto a = async(running, 1, 300ms);
    auto b = async(running, 2, 100ms);
    auto c = async(running, 3, 200ms);
    int sum = *co_await a.receive() + *co_await b.receive() + *co_await c.receive();
    std::cout << "their sum is " << sum << " after " << (heddle::now() - start) / 1ms
              << " ms\n";

    (void)async(running, 4, 100ms);  // nobody receives this value
    co_await running.wait();
    std::cout << "nobody waits to send it\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "futures");
    heddle::run(futures());
}
