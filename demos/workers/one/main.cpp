// SPDX-License-Identifier: BSL-1.0
// The jobs report on a channel, and main receives once, so it sees the first report only.
// main.go is the same program in Go; both print one line of expected.txt.
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
    std::cout << *co_await ch.receive() << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/one");
    heddle::run(work());
}
