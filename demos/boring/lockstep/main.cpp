// SPDX-License-Identifier: BSL-1.0
// Two services that are read in turn run in lockstep: when Joe is slow, Ann is delayed.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::receiver<std::string> boring(std::string msg, heddle::duration pause) {
    heddle::channel<std::string> c;
    heddle::go([=]() -> heddle::task<> {
        for (int i = 0;; ++i) {
            co_await c.send(msg + ' ' + std::to_string(i));
            co_await heddle::sleep(pause);
        }
    });
    return c;
}

heddle::task<> hear(heddle::receiver<std::string> from, heddle::time_point start) {
    auto s = co_await from.receive();
    std::cout << *s << " at " << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> listen() {
    auto start = heddle::now();
    auto joe = boring("Joe", 200ms), ann = boring("Ann", 1ms);
    for (int i = 0; i < 4; ++i) {
        co_await hear(joe, start);
        co_await hear(ann, start);
    }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/lockstep");
    heddle::run(listen());
}
