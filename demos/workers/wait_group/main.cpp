// SPDX-License-Identifier: BSL-1.0
// A wait group waits for all jobs, and for no longer than the slowest takes.
// main.go is the same program in Go; both print the lines of serial, in some order.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> worker(std::string t) {
    auto start = heddle::now();
    for (int i = 0; i < 3; ++i) {
        co_await heddle::sleep(random_below(200ms));
        std::cout << t << ' ' << i << " complete\n";
    }
    std::cerr << t << " took " << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> work() {
    auto start = heddle::now();
    std::cout << "Starting...\n";
    heddle::wait_group wg;
    for (auto t : {"sort data", "parse files", "generate output"})
        wg.go(worker, t);  // adds one now; done is called however the worker ends
    co_await wg.wait();
    std::cerr << "all took " << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/wait_group");
    heddle::run(work());
}
