// SPDX-License-Identifier: BSL-1.0
// Nine tasks in a square multiply each vector that flows in from the west with a matrix, all at once.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <array>
#include <iostream>

using vector = std::array<int, 3>;
using channels = std::array<std::array<heddle::channel<int>, 4>, 4>;

const std::array<vector, 3> a = {{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}};
const std::array<vector, 4> in = {{{1, 0, 0}, {0, 1, 0}, {1, 1, 1}, {3, -2, 10}}};

heddle::task<> cell(int factor, heddle::receiver<int> west, heddle::sender<int> east,
                    heddle::receiver<int> north, heddle::sender<int> south) {
    while (auto x = co_await west.receive()) {
        co_await east.send(*x);
        auto sum = co_await north.receive();
        co_await south.send(factor * *x + *sum);
    }
    east.close();
    south.close();
}

heddle::task<> west(std::size_t i, heddle::sender<int> out) {
    for (auto& x : in)
        co_await out.send(x[i]);
    out.close();
}

heddle::task<> north(heddle::sender<int> out) {
    for (;;)
        co_await out.send(0);
}

heddle::task<> east(heddle::receiver<int> sink) {
    while (auto x = co_await sink.receive()) {
    }
}

heddle::task<> multiply() {
    // Each task has a channel before and one behind it, in its row and in its column.
    channels across, down;
    for (std::size_t i = 0; i < 3; ++i) {
        heddle::go(west, i, across[i][0]);
        heddle::go(east, across[i][3]);
        heddle::go(north, down[0][i]);
        for (std::size_t j = 0; j < 3; ++j)
            heddle::go(cell, a[i][j], across[i][j], across[i][j + 1], down[i][j],
                       down[i + 1][j]);
    }
    while (auto x = co_await down[3][0].receive()) {
        auto y = co_await down[3][1].receive();
        auto z = co_await down[3][2].receive();
        std::cout << *x << ' ' << *y << ' ' << *z << '\n';
    }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/matrix");
    heddle::run(multiply());
}
