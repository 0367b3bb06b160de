// SPDX-License-Identifier: BSL-1.0
// More than a million tasks are alive at once; the program prints how much memory each takes.
// main.go is the same program in Go, which prints the same lines with other numbers.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unistd.h>

using namespace std::chrono_literals;

long resident_memory() {
    long size, resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

auto threads() {
    std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
}

heddle::wait_group begun, ended;
std::atomic<int> live = 0;

heddle::task<> wait_for(heddle::receiver<> end) {
    ++live;
    begun.done();
    co_await end.receive();
    --live;
    ended.done();
}

heddle::task<> million(int n) {
    auto start = heddle::now();
    long before = resident_memory();
    heddle::channel<> end;
    begun.add(n);
    ended.add(n);
    for (int i = 0; i < n; ++i)
        heddle::go(wait_for, end);
    co_await begun.wait();
    long bytes = (resident_memory() - before) / n;
    std::cout << live << " tasks live on " << threads() << " threads, " << bytes
              << " bytes each\n";
    end.close();
    co_await ended.wait();
    std::cout << live << " tasks live after " << (heddle::now() - start) / 1ms
              << " ms\n";
}

int main(int argc, char** argv) {
    int n = 1'300'000;
    unsigned threads = 1;
    read_options(argc, argv, "million [-n TASKS] [--threads N]",
                 {{"n", n}, {"threads", threads, 1, 1024}});
    heddle::run({.threads = threads}, million(n));
}
