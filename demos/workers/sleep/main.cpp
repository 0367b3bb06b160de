// SPDX-License-Identifier: BSL-1.0
// Main sleeps for longer than the jobs should take: it guesses, and a right guess wastes time.
// main.go is the same program in Go; both print the lines of serial, in some order.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> worker(std::string t) {
    for (int i = 0; i < 3; ++i) {
        co_await heddle::sleep(random_below(200ms));
        std::cout << t << ' ' << i << " complete\n";
    }
}

heddle::task<> work() {
    auto start = heddle::now();
    std::cout << "Starting...\n";
    for (auto t : {"sort data", "parse files", "generate output"})
        heddle::go(worker, t);
    co_await heddle::sleep(1000ms);  // longer than three pauses
    std::cerr << "took " << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/sleep");
    heddle::run(work());
}
