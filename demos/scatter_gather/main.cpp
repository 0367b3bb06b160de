// SPDX-License-Identifier: BSL-1.0
// The program scatters work over tasks, and gathers as many results as the channel holds.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;

struct result {
    double val;
    std::error_code err;
};

// The task that computed last, and how often another one followed.
std::atomic<unsigned> last = 0, switches = 0;

heddle::task<result> process(unsigned id, bool fail, unsigned work) {
    std::uint64_t state = id;
    for (unsigned step = 0; step < work; ++step) {
        state = state * 6364136223846793005 + 1442695040888963407;  // Knuth's MMIX
        if (step % 100'000 == 0) {
            switches += last.exchange(id) != id;
            co_await heddle::yield();
        }
    }
    if (fail || (work > 0 && state == 0))
        co_return result{0, std::make_error_code(std::errc::io_error)};
    co_return result{5.0, {}};
}

heddle::task<> scatter_gather(unsigned n, unsigned fail, unsigned work, bool log) {
    heddle::channel<result> c(n);
    heddle::wait_group scattered;
    for (unsigned i = 0; i < c.capacity(); ++i)  // scatter
        scattered.go([=]() -> heddle::task<> {
            auto res = co_await process(i + 1, i < fail, work);
            co_await c.send(res);
        });

    double total = 0;
    int failed = 0;
    for (std::size_t i = 0; i < c.capacity(); ++i) {  // gather
        auto res = co_await c.receive();
        if (!res->err) {
            total += res->val;
            continue;
        }
        ++failed;
        if (log)
            std::cerr << "could not process: " << res->err.message() << '\n';
    }
    std::cout << "totalfloat:  " << total << '\n';
    if (failed > 0)
        std::cout << "errors:  " << failed << '\n';

    co_await scattered.wait();
}

heddle::task<> measure(int threads, heddle::task<> work) {
    auto start = heddle::now();
    switches = 0;
    co_await std::move(work);
    std::cout << threads << " threads: " << (heddle::now() - start) / 1ms << " ms, "
              << switches << " switches\n";
}

int main(int argc, char** argv) {
    unsigned n = 10, fail = 0, work = 0;
    bool log = false;
    std::vector<int> threads;
    const char* usage =
        "scatter_gather [-n TASKS] [--fail K] [--log] [--work STEPS] [--threads N,...]";
    read_options(argc, argv, usage,
                 {{"n", n, 0},
                  {"fail", fail, 0},
                  {"work", work, 0},
                  {"log", log},
                  {"threads", threads}});
    for (int t : threads)
        if (t < 1)
            wrong_usage(usage);
    for (int t : threads)
        heddle::run({.threads = static_cast<unsigned>(t)},
                    measure(t, scatter_gather(n, fail, work, log)));
    if (threads.empty())
        heddle::run(scatter_gather(n, fail, work, log));
}
