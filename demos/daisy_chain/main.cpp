// SPDX-License-Identifier: BSL-1.0
// Tasks are cheap: in a chain of ten thousand, each adds one to the number that it receives.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <sys/resource.h>

heddle::task<> whisper(heddle::sender<int> left, heddle::receiver<int> right) {
    auto heard = co_await right.receive();
    co_await left.send(1 + *heard);
}

long peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

heddle::task<> daisy_chain(int n) {
    auto start = heddle::now();
    long before = peak_memory();
    heddle::channel<int> leftmost, right = leftmost;
    for (int i = 0; i < n; ++i) {
        auto left = right;
        right = heddle::channel<int>();
        heddle::go(whisper, left, right);
    }
    co_await right.send(1);
    std::cout << *co_await leftmost.receive() << '\n';
    std::cerr << "took " << (heddle::now() - start) / std::chrono::milliseconds(1)
              << " ms, " << (peak_memory() - before) / n << " bytes for each task\n";
}

int main(int argc, char** argv) {
    int n = 10000;
    read_options(argc, argv, "daisy_chain [-n TASKS]", {{"n", n}});
    heddle::run(daisy_chain(n));
}
