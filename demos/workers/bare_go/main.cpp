// SPDX-License-Identifier: BSL-1.0
// The jobs are started by go, but main does not wait, so the program ends before they do.
// main.go is the same program in Go; both print expected.txt.
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
    std::cout << "Starting...\n";
    for (auto t : {"sort data", "parse files", "generate output"})
        heddle::go(worker, t);
    co_return;
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/bare_go");
    heddle::run(work());
}
