// SPDX-License-Identifier: BSL-1.0
// The last job to finish closes the channel, so the loop over it ends by itself.
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
    heddle::wait_group wg;
    for (auto t : {"sort data", "parse files", "generate output"})
        wg.go(worker, t, ch);
    heddle::go([&wg, ch]() -> heddle::task<> {
        co_await wg.wait();
        ch.close();
    });
    while (auto line = co_await ch.receive())
        std::cout << *line << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/close");
    heddle::run(work());
}
