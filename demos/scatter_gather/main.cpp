// SPDX-License-Identifier: BSL-1.0
// Scatters work over tasks and gathers as many results as the channel holds.
// The same program in Go: main.go. What both print: expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <system_error>

struct result {
    double val;
    std::error_code err;
};

heddle::task<result> process(bool fail) {
    if (fail)
        co_return result{0, std::make_error_code(std::errc::io_error)};
    co_return result{5.0, {}};
}

heddle::task<> scatter_gather(unsigned n, unsigned fail, bool log) {
    heddle::channel<result> c(n);
    for (std::size_t i = 0; i < c.capacity(); ++i)  // scatter
        heddle::go([=]() -> heddle::task<> {
            auto res = co_await process(i < fail);
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

    while (heddle::live_tasks() > 1)  // nobody is left behind, or this never ends
        co_await heddle::yield();
}

int main(int argc, char** argv) {
    unsigned n = 10, fail = 0;
    bool log = false;
    read_options(argc, argv, "scatter_gather [-n TASKS] [--fail K] [--log]",
                 {{"n", n, 0}, {"fail", fail, 0}, {"log", log}});
    heddle::run(scatter_gather(n, fail, log));
}
