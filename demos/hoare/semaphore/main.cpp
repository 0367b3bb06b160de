// SPDX-License-Identifier: BSL-1.0
// A semaphore is a task that accepts P only while its value is positive, and V always.
// heddle::semaphore needs no task. main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <iostream>

using namespace std::chrono_literals;

struct ends {
    heddle::channel<> p, v;
};

heddle::task<> semaphore(ends x, int value) {
    for (;;) {
        heddle::receiver<> p;  // it is nil, and nil is never ready
        if (value > 0)
            p = x.p;
        auto asked =
            co_await heddle::select(p.receive(std::ignore), x.v.receive(std::ignore));
        value += asked == 0 ? -1 : 1;
    }
}

struct load {
    int now = 0, most = 0;
};

heddle::task<> user(ends x, load& inside) {
    for (int i = 0; i < 3; ++i) {
        co_await x.p.send();
        inside.most = std::max(inside.most, ++inside.now);
        co_await heddle::sleep(10ms);
        --inside.now;
        co_await x.v.send();
    }
}

heddle::task<> use(int value) {
    ends x;
    heddle::go(semaphore, x, value);
    load inside;
    heddle::wait_group users;
    auto start = heddle::now();
    for (int i = 0; i < 4; ++i)
        users.go(user, x, std::ref(inside));
    co_await users.wait();
    std::cout << "12 visits, at most " << inside.most << " at once, took "
              << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    int value = 1;
    read_options(argc, argv, "hoare/semaphore [--value N]", {{"value", value}});
    heddle::run(use(value));
}
