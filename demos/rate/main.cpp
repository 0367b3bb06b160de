// SPDX-License-Identifier: BSL-1.0
// A ticker limits the rate of requests; a buffer between them saves ticks for a burst.
// main.go is the same program in Go; both print expected.txt, or with --burst 3 expected_burst.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::task<> tick(heddle::sender<> limiter) {
    heddle::ticker every(200ms);
    for (;;) {
        co_await every.next();
        co_await limiter.send();
    }
}

heddle::task<> rate(int burst) {
    heddle::channel<int> requests(5);
    for (int i = 1; i <= 5; ++i)
        co_await requests.send(i);
    requests.close();

    heddle::channel<> limiter(burst);
    for (int i = 0; i < burst; ++i)
        co_await limiter.send();
    auto start = heddle::now();
    heddle::go(tick, limiter);
    while (auto r = co_await requests.receive()) {
        co_await limiter.receive();
        std::cout << "request " << *r << " at " << (heddle::now() - start) / 1ms
                  << " ms\n";
    }
}

int main(int argc, char** argv) {
    int burst = 0;
    read_options(argc, argv, "rate [--burst N]", {{"burst", burst, 0}});
    heddle::run(rate(burst));
}
