// SPDX-License-Identifier: BSL-1.0
// A function that returns a channel is a service: its messages arrive for as long as main receives.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::receiver<std::string> boring(std::string msg) {
    heddle::channel<std::string> c;
    heddle::go([=]() -> heddle::task<> {
        for (int i = 0;; ++i) {
            co_await c.send(msg + ' ' + std::to_string(i));
            co_await heddle::sleep(random_below(100ms));
        }
    });
    return c;
}

heddle::task<> listen() {
    auto joe = boring("Joe");
    for (int i = 0; i < 5; ++i) {
        auto s = co_await joe.receive();
        std::cout << "You say: " << *s << '\n';
    }
    std::cout << "You're boring; I'm leaving.\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/generator");
    heddle::run(listen());
}
