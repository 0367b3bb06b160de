// SPDX-License-Identifier: BSL-1.0
// Shared by the C++ programs: the command line, the clocks, the memory.
#pragma once

#include <chrono>
#include <string_view>

struct arguments {
    long n;            // number of operations
    int k;             // the size that the workload varies
    unsigned threads;  // that may run tasks
};

/// The output of a workload.
struct result {
    long ops;
    long long amount;    // nanoseconds, or bytes
    long long check;     // the driver compares it with the right result
    long long also = 0;  // a second figure, where there is one
};

/// A workload of this program. Each is defined at namespace scope, with its name.
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

/// Returns the i-th of many times to sleep, scattered over 0 to `most` milliseconds; it is the
/// same in every peer.
inline std::chrono::microseconds nap(long i, int most) {
    return std::chrono::microseconds(i * 2654435761 % 4294967296 % (most * 1000L));
}
