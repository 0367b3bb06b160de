// SPDX-License-Identifier: BSL-1.0
#include "measure.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>

#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <unistd.h>

namespace {

constinit const workload* first = nullptr;

/// Keeps a second thread parked for as long as it lives.
class second_thread {
public:
    ~second_thread() { leave_.release(); }

private:
    std::binary_semaphore leave_{0};
    std::jthread thread_{[this] { leave_.acquire(); }};
};

int usage() {
    std::fputs("usage: PROGRAM [--threads N] [--locked] WORKLOAD N [K]\n", stderr);
    return 2;
}

}  // namespace

workload::workload(std::string_view name, result (*function)(arguments)) noexcept
    : name_(name), function_(function), next_(first) {
    first = this;
}

const workload* workload::find(std::string_view name) noexcept {
    auto* found = first;
    while (found && found->name_ != name)
        found = found->next_;
    return found;
}

long long cpu_time() {
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    auto nanoseconds = [](timeval t) {
        return t.tv_sec * 1'000'000'000LL + t.tv_usec * 1000LL;
    };
    return nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
}

long long resident_bytes() {
    long long total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

/// Runs the workload that the arguments name, and prints its result. With --locked a
/// second thread is parked meanwhile, so that libraries no longer leave out their locks.
int main(int argc, char** argv) {
    arguments a{0, 0, 1};
    bool locked = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; ++i) {
        std::string_view option = argv[i];
        if (option == "--locked")
            locked = true;
        else if (option == "--threads" && i + 1 < argc)
            a.threads = unsigned(std::atoi(argv[++i]));
        else
            return usage();
    }
    const auto* asked = i < argc ? workload::find(argv[i]) : nullptr;
    if (!asked || i + 1 >= argc || a.threads < 1)
        return usage();
    a.n = std::atol(argv[i + 1]);
    a.k = i + 2 < argc ? std::atoi(argv[i + 2]) : 0;

    std::optional<second_thread> second;
    if (locked)
        second.emplace();
    const auto r = asked->run(a);
    if (a.threads == 1 && bool(__libc_single_threaded) == locked) {
        std::fputs("the number of threads is not as asked\n", stderr);
        return 1;
    }
    std::printf("%ld %lld %lld %lld\n", r.ops, r.amount, r.check, r.also);
}
