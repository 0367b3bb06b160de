// SPDX-License-Identifier: BSL-1.0
// A timer made once, before the loop, limits the whole talk.
// main.go is the same program in Go.
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
    auto start = heddle::now();
    auto timeout = heddle::after(500ms);
    for (std::optional<std::string> s;;)
        switch (co_await heddle::select(joe.receive(s), timeout)) {
        case 0:
            std::cout << *s << " at " << (heddle::now() - start) / 1ms << " ms\n";
            break;
        case 1:
            std::cout << "You talk too much: " << (heddle::now() - start) / 1ms
                      << " ms\n";
            co_return;
        }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/timeout_all");
    heddle::run(listen());
}
