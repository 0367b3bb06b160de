// SPDX-License-Identifier: BSL-1.0
// What the C++ programs share: the clock, the memory, and the command line.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string_view>

#include <unistd.h>

struct result {
    long ops;
    long long amount;  // nanoseconds, or bytes
    long long check;   // what the driver compares with what it should be
};

class stopwatch {
public:
    long long elapsed() const {
        using namespace std::chrono;
        return duration_cast<nanoseconds>(steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline long long resident_bytes() {
    long long total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

struct workload {
    std::string_view name;
    result (*run)(long n, int k);
};

/// Runs the workload that the last arguments, WORKLOAD N [K], name, and prints its
/// result.
inline int measure(std::initializer_list<workload> workloads, int argc, char** argv) {
    for (const auto& w : workloads) {
        if (argc < 3 || w.name != argv[1])
            continue;
        const auto r = w.run(std::atol(argv[2]), argc > 3 ? std::atoi(argv[3]) : 0);
        std::printf("%ld %lld %lld\n", r.ops, r.amount, r.check);
        return 0;
    }
    std::fprintf(stderr, "usage: PROGRAM WORKLOAD N [K]\n");
    return 2;
}
