// SPDX-License-Identifier: BSL-1.0
// Every job closes the channel at its end: the first one does it to the others.
// The same program in Go: main.go. Both print some of the lines, the reason, and exit with 2.
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
    co_await heddle::sleep(1000ms);  // see what becomes of the others
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
