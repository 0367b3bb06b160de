// SPDX-License-Identifier: BSL-1.0
// Fan-out and fan-in: two stages read one channel, and merge joins what they send.
// main.go is the same program in Go; both print expected.txt, in some order.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>
#include <vector>

heddle::receiver<int> gen(std::vector<int> nums) {
    heddle::channel<int> out;
    heddle::go([=]() -> heddle::task<> {
        for (int n : nums)
            co_await out.send(n);
        out.close();
    });
    return out;
}

heddle::receiver<int> sq(heddle::receiver<int> in) {
    heddle::channel<int> out;
    heddle::go([=]() -> heddle::task<> {
        while (auto n = co_await in.receive())
            co_await out.send(*n * *n);
        out.close();
    });
    return out;
}

heddle::receiver<int> merge(std::vector<heddle::receiver<int>> cs) {
    auto wg = std::make_shared<heddle::wait_group>();
    heddle::channel<int> out;
    auto output = [=](heddle::receiver<int> c) -> heddle::task<> {
        while (auto n = co_await c.receive())
            co_await out.send(*n);
        wg->done();
    };
    for (auto c : cs) {
        wg->add(1);
        heddle::go(output, c);
    }
    heddle::go([=]() -> heddle::task<> {
        co_await wg->wait();
        out.close();
    });
    return out;
}

heddle::task<> fan() {
    auto in = gen({2, 3});
    auto c1 = sq(in), c2 = sq(in);
    auto out = merge({c1, c2});
    while (auto n = co_await out.receive())
        std::cout << *n << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "pipeline/fan");
    heddle::run(fan());
}
