// SPDX-License-Identifier: BSL-1.0
// Two tasks each add up one half of the numbers; main receives the sums in the order in which they come.
// main.go is the same program in Go; both print 17 and -5, in either order, and 12.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <numeric>
#include <span>
#include <vector>

heddle::task<> sum(std::span<int> s, heddle::sender<int> c) {
    co_await c.send(std::accumulate(s.begin(), s.end(), 0));
}

heddle::task<> halves() {
    std::vector s{7, 2, 8, -9, 4, 0};
    auto half = s.size() / 2;
    heddle::channel<int> c;
    heddle::go(sum, std::span(s).first(half), c);
    heddle::go(sum, std::span(s).subspan(half), c);
    int x = *co_await c.receive();
    int y = *co_await c.receive();
    std::cout << x << ' ' << y << ' ' << x + y << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "tour/sum   (other orders: HEDDLE_SEED=1 tour/sum)");
    heddle::run(halves());
}
