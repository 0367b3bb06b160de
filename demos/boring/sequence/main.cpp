// SPDX-License-Identifier: BSL-1.0
// Fan-in keeps turns if each message carries the channel on which its speaker waits before it goes on.
// main.go is the same program in Go.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

struct message {
    std::string str;
    heddle::channel<> wait;
};

heddle::receiver<message> boring(std::string msg) {
    heddle::channel<message> c;
    heddle::channel<> wait;  // shared by all messages of the speaker
    heddle::go([=]() -> heddle::task<> {
        for (int i = 0;; ++i) {
            co_await c.emplace(msg + ' ' + std::to_string(i), wait);
            co_await heddle::sleep(random_below(100ms));
            co_await wait.receive();
        }
    });
    return c;
}

heddle::receiver<message> fan_in(heddle::receiver<message> a,
                                 heddle::receiver<message> b) {
    heddle::channel<message> c;
    for (auto input : {a, b})
        heddle::go([=]() -> heddle::task<> {
            while (auto m = co_await input.receive())
                co_await c.send(*m);
        });
    return c;
}

heddle::task<> listen() {
    auto c = fan_in(boring("Joe"), boring("Ann"));
    for (int i = 0; i < 5; ++i) {
        auto m1 = co_await c.receive();
        std::cout << m1->str << '\n';
        auto m2 = co_await c.receive();
        std::cout << m2->str << '\n';
        co_await m1->wait.send();
        co_await m2->wait.send();
    }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/sequence");
    heddle::run(listen());
}
