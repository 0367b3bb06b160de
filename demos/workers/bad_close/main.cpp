// SPDX-License-Identifier: BSL-1.0
// Every job closes the channel when it ends; the first close makes the sends of the others fail.
// main.go is the same program in Go; both print some of the lines and the reason, and exit with 2.
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
    ch.close();
}

heddle::task<> work() {
    std::cout << "Starting...\n";
    heddle::channel<std::string> ch;
    for (auto t : {"sort data", "parse files", "generate output"})
        heddle::go(worker, t, ch);
    while (auto line = co_await ch.receive())
        std::cout << *line << '\n';
    co_await heddle::sleep(1000ms);  // time for the other jobs to fail
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/bad_close");
    try {
        heddle::run(work());
    } catch (const heddle::channel_closed& e) {
        std::cerr << "bad_close: " << e.what() << '\n';
        return 2;
    }
}
