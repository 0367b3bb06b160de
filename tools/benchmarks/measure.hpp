// SPDX-License-Identifier: BSL-1.0
// What the C++ programs share: the command line, the clocks, the memory.
#pragma once

#include <chrono>
#include <string_view>

struct arguments {
    long n;            // how many operations
    int k;             // how many of what the workload varies
    unsigned threads;  // that may run tasks
};

/// What a workload prints.
struct result {
    long ops;
    long long amount;    // nanoseconds, or bytes
    long long check;     // what the driver compares with what it should be
    long long also = 0;  // a second figure, where there is one
};

/// A workload of this program. Each is defined at namespace scope, by its name.
class workload {
public:
    workload(std::string_view name, result (*function)(arguments)) noexcept;

    static const workload* find(std::string_view name) noexcept;
    result run(arguments a) const { return function_(a); }

private:
    std::string_view name_;
    result (*function_)(arguments);
    const workload* next_;
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

/// User and system time of this process, in nanoseconds.
long long cpu_time();

/// Resident memory of this process, in bytes.
long long resident_bytes();

/// The i-th of many times to sleep, scattered over 0 to `most` milliseconds; the same in
/// every peer.
inline std::chrono::microseconds nap(long i, int most) {
    return std::chrono::microseconds(i * 2654435761 % 4294967296 % (most * 1000L));
}
