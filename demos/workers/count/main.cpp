// SPDX-License-Identifier: BSL-1.0
// Main receives as often as it knows that there is something to receive.
// main.go is the same program in Go; both print the lines of serial, in some order.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> worker(std::string t, heddle::sender<std::string> ch) {
    for (int i = 0; i < 3; ++i) {
        co_await heddle::sleep(random_below(200ms));
        co_await ch.send(t + ' ' + std::to_string(i) + " complete");
    }
}

heddle::task<> work() {
    std::cout << "Starting...\n";
    heddle::channel<std::string> ch;
    for (auto t : {"sort data", "parse files", "generate output"})
        heddle::go(worker, t, ch);
    for (int i = 0; i < 9; ++i)
        std::cout << *co_await ch.receive() << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/count");
    heddle::run(work());
}
