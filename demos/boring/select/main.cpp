// SPDX-License-Identifier: BSL-1.0
// Fan-in by select: one task receives from both inputs and forwards each message.
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

heddle::receiver<std::string> fan_in(heddle::receiver<std::string> a,
                                     heddle::receiver<std::string> b) {
    heddle::channel<std::string> c;
    heddle::go([=]() -> heddle::task<> {
        for (std::optional<std::string> s;;) {
            co_await heddle::select(a.receive(s), b.receive(s));
            co_await c.send(*s);
        }
    });
    return c;
}

heddle::task<> listen() {
    auto c = fan_in(boring("Joe"), boring("Ann"));
    for (int i = 0; i < 10; ++i) {
        auto s = co_await c.receive();
        std::cout << *s << '\n';
    }
    std::cout << heddle::live_tasks() - 1 << " tasks talk\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/select");
    heddle::run(listen());
}
