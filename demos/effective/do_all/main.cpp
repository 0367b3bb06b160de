// SPDX-License-Identifier: BSL-1.0
// Tasks on several threads each change one piece of a vector, and main counts the pieces that are done.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <vector>

using vector = std::vector<std::int64_t>;

void op(std::span<std::int64_t> piece) {
    for (auto& x : piece)
        x += x * x;
}

heddle::task<> do_some(std::span<std::int64_t> piece, heddle::sender<> c) {
    op(piece);
    co_await c.send();  // this piece is done
}

heddle::task<> do_all(vector& v, std::size_t pieces) {
    heddle::channel<> c(pieces);
    for (std::size_t i = 0; i < pieces; ++i) {
        auto from = v.size() * i / pieces, to = v.size() * (i + 1) / pieces;
        heddle::go(do_some, std::span(v).subspan(from, to - from), c);
    }
    for (std::size_t i = 0; i < pieces; ++i)
        co_await c.receive();
}

int main(int argc, char** argv) {
    std::size_t n = 1'000'000, pieces = 4;
    read_options(argc, argv, "effective/do_all [-n SIZE] [--pieces N]",
                 {{"n", n, 1, 2'000'000},  // a larger sum does not fit
                  {"pieces", pieces, 1, 10'000}});
    vector v(n);
    std::iota(v.begin(), v.end(), 0);
    vector serial = v;
    op(serial);
    heddle::run({.threads = 0}, do_all(v, pieces));
    std::cout << "sum " << std::accumulate(v.begin(), v.end(), std::int64_t{0})
              << (v == serial ? ", as serially\n" : ", not as serially\n");
}
