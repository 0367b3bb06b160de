// SPDX-License-Identifier: BSL-1.0
// No task closes the channel: after nine lines main waits for ever, and a report says so.
// main.go is the same program in Go; both print the lines of serial and a report, and exit with 2.
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
    while (auto line = co_await ch.receive())
        std::cout << *line << std::endl;
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/range");
    heddle::run(work());
}
