// SPDX-License-Identifier: BSL-1.0
// Closing done stops every stage: main leaves early, and no task stays behind.
// main.go is the same program in Go; both print 4 or 9.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <stdexcept>
#include <vector>

enum { sent, stopped };

heddle::receiver<int> gen(heddle::wait_group& stages, heddle::done_token done,
                          std::vector<int> nums) {
    heddle::channel<int> out;
    stages.go([=]() -> heddle::task<> {
        for (int n : nums)
            if (co_await heddle::select(out.send(n), done) == stopped)
                break;
        out.close();
    });
    return out;
}

heddle::receiver<int> sq(heddle::wait_group& stages, heddle::done_token done,
                         heddle::receiver<int> in) {
    heddle::channel<int> out;
    stages.go([=]() -> heddle::task<> {
        while (auto n = co_await in.receive())
            if (co_await heddle::select(out.send(*n * *n), done) == stopped)
                break;
        out.close();
    });
    return out;
}

heddle::receiver<int> merge(heddle::wait_group& stages, heddle::done_token done,
                            std::vector<heddle::receiver<int>> cs) {
    heddle::channel<int> out;
    stages.go([=]() -> heddle::task<> {
        auto output = [=](heddle::receiver<int> c) -> heddle::task<> {
            while (auto n = co_await c.receive())
                if (co_await heddle::select(out.send(*n), done) == stopped)
                    co_return;
        };
        heddle::wait_group wg;
        for (auto c : cs)
            wg.go(output, c);
        co_await wg.wait();
        out.close();
    });
    return out;
}

heddle::task<> first_square(heddle::wait_group& stages, std::vector<int> nums,
                            bool fail) {
    heddle::done_source done;  // closes on every way out of this scope
    auto in = gen(stages, done.token(), nums);
    auto c1 = sq(stages, done.token(), in), c2 = sq(stages, done.token(), in);
    auto out = merge(stages, done.token(), {c1, c2});
    std::cout << *co_await out.receive() << '\n';
    if (fail)
        throw std::runtime_error("thrown");
}

heddle::task<> done_close(std::vector<int> nums, bool fail) {
    heddle::wait_group stages;
    try {
        co_await first_square(stages, nums, fail);
    } catch (const std::runtime_error& e) {
        std::cerr << "left by an exception: " << e.what() << '\n';
    }
    co_await stages.wait();
}

int main(int argc, char** argv) {
    std::vector<int> nums{2, 3};
    bool fail = false;
    read_options(argc, argv, "pipeline/done_close [--in N,...] [--throw]",
                 {{"in", nums}, {"throw", fail}});
    heddle::run(done_close(nums, fail));
}
