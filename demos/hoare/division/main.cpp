// SPDX-License-Identifier: BSL-1.0
// A task is a subroutine: it receives its arguments, divides with remainder, and sends both results.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

struct arguments {
    int x, y;
};
struct results {
    int quot, rem;
};

heddle::task<> divide(heddle::receiver<arguments> calls,
                      heddle::sender<results> returns) {
    while (auto call = co_await calls.receive()) {
        int quot = 0, rem = call->x;
        while (rem >= call->y) {
            rem -= call->y;
            ++quot;
        }
        co_await returns.emplace(quot, rem);
    }
    returns.close();
}

heddle::task<> user() {
    heddle::channel<arguments> calls;
    heddle::channel<results> returns;
    heddle::go(divide, calls, returns);
    for (int x : {0, 6, 17, 1000})
        for (int y : {1, 7}) {
            co_await calls.emplace(x, y);
            auto r = co_await returns.receive();
            std::cout << x << " is " << r->quot << " times " << y << ", and " << r->rem
                      << '\n';
        }
    calls.close();
    if (!co_await returns.receive())
        std::cout << "the subroutine has ended\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/division");
    heddle::run(user());
}
