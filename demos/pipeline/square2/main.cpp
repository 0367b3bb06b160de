// SPDX-License-Identifier: BSL-1.0
// A stage takes and returns the same type of channel, so stages compose: here the squares of squares.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
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

heddle::task<> square2() {
    auto out = sq(sq(gen({2, 3})));
    while (auto n = co_await out.receive())
        std::cout << *n << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "pipeline/square2");
    heddle::run(square2());
}
