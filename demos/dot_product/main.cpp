// SPDX-License-Identifier: BSL-1.0
// A dot product is parallel: threads compute its chunks at the same time. See also console.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <latch>
#include <set>
#include <span>
#include <unistd.h>
#include <vector>

using numbers = std::span<const std::int64_t>;

struct part {
    std::int64_t sum = 0;
    int thread = 0;
};

part multiply(numbers a, numbers b, std::latch* all_here) {
    if (all_here)
        all_here->arrive_and_wait();  // returns only if all chunks run at the same time
    part p;
    p.thread = ::gettid();
    for (std::size_t i = 0; i < a.size(); ++i)
        p.sum += a[i] * b[i];
    return p;
}

heddle::task<> dot_product(numbers a, numbers b, std::size_t chunks, bool meet) {
    std::latch all_here(static_cast<std::ptrdiff_t>(chunks));
    std::vector<heddle::join_handle<part>> parts;
    for (std::size_t i = 0; i < chunks; ++i) {
        auto from = a.size() * i / chunks, n = a.size() * (i + 1) / chunks - from;
        parts.push_back(heddle::go(
            heddle::go_blocking(multiply, a.subspan(from, n), b.subspan(from, n),
                                meet ? &all_here : nullptr)));  // fork
    }
    std::int64_t sum = 0;
    std::set<int> threads;
    for (auto& each : parts) {
        auto p = co_await each;  // join
        sum += p.sum;
        threads.insert(p.thread);
    }
    std::cout << sum << '\n';
    std::cerr << chunks << " chunks on " << threads.size() << " threads, main's "
              << (threads.contains(::gettid()) ? "too" : "free") << '\n';
}

int main(int argc, char** argv) {
    std::size_t n = 1'000'000, chunks = 4;
    bool meet = false;
    read_options(argc, argv, "dot_product [-n SIZE] [--chunks 1|2|3|4] [--meet]",
                 {{"n", n, 1, 3'000'000},    // a larger sum does not fit
                  {"chunks", chunks, 1, 4},  // there are always so many threads to meet
                  {"meet", meet}});
    std::vector<std::int64_t> a(n), b(n);
    for (std::size_t i = 0; i < n; ++i) {
        a[i] = static_cast<std::int64_t>(i);
        b[i] = static_cast<std::int64_t>(n - i);
    }
    heddle::run(dot_product(a, b, chunks, meet));
}
