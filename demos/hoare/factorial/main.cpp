// SPDX-License-Identifier: BSL-1.0
// A recursive subroutine is a chain of tasks, one for each depth: each asks the next for (n - 1)!.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <vector>

struct calls {
    heddle::channel<int> n;
    heddle::channel<std::int64_t> result;
};

heddle::task<> fac(calls west, calls east) {
    while (auto n = co_await west.n.receive()) {
        if (*n == 0) {
            co_await west.result.send(1);
            continue;
        }
        co_await east.n.send(*n - 1);
        auto r = co_await east.result.receive();
        co_await west.result.send(*n * *r);
    }
    east.n.close();
}

heddle::task<> user(std::size_t limit) {
    heddle::wait_group chain;
    std::vector<calls> depth(limit + 2);
    for (std::size_t i = 0; i <= limit; ++i)
        chain.go(fac, depth[i], depth[i + 1]);
    std::cout << heddle::live_tasks() - 1 << " tasks\n";
    for (std::size_t n = 0; n <= limit; ++n) {
        co_await depth[0].n.send(static_cast<int>(n));
        auto r = co_await depth[0].result.receive();
        std::cout << n << "! is " << *r << '\n';
    }
    depth[0].n.close();
    co_await chain.wait();
}

int main(int argc, char** argv) {
    std::size_t limit = 10;
    read_options(argc, argv, "hoare/factorial [-n LIMIT]", {{"n", limit, 0, 20}});
    heddle::run(user(limit));
}
