// SPDX-License-Identifier: BSL-1.0
// Closing done stops only the stages that look at it: here merge, but no stage before it.
// main.go is the same program in Go; both print a square and the number of tasks that are left.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>
#include <vector>

using namespace std::chrono_literals;

enum { sent, stopped };

heddle::receiver<int> gen(std::vector<int> nums) {
    heddle::channel<int> out(nums.size());
    for (int n : nums)
        (void)out.try_send(n);  // there is room for all
    out.close();
    return out;
}

heddle::receiver<int> sq(heddle::receiver<int> in) {
    heddle::channel<int> out;
    heddle::go([=]() -> heddle::task<> {
        while (auto n = co_await in.receive())
            co_await out.send(*n * *n);
        out.close();
    });
    return out;
}

heddle::receiver<int> merge(heddle::done_token done,
                            std::vector<heddle::receiver<int>> cs) {
    auto wg = std::make_shared<heddle::wait_group>();
    heddle::channel<int> out;
    auto output = [=](heddle::receiver<int> c) -> heddle::task<> {
        while (auto n = co_await c.receive())
            if (co_await heddle::select(out.send(*n), done) == stopped)
                break;
        wg->done();
    };
    for (auto c : cs) {
        wg->add(1);
        heddle::go(output, c);
    }
    heddle::go([=]() -> heddle::task<> {
        co_await wg->wait();
        out.close();
    });
    return out;
}

heddle::task<> done_merge(std::vector<int> nums) {
    heddle::done_source done;
    auto in = gen(nums);
    auto c1 = sq(in), c2 = sq(in);
    auto out = merge(done.token(), {c1, c2});
    std::cout << *co_await out.receive() << '\n';

    done.close();
    co_await heddle::sleep(50ms);  // every task that can end has ended by now
    std::cout << "left " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    std::vector<int> nums{2, 3};
    read_options(argc, argv, "pipeline/done_merge [--in N,...]", {{"in", nums}});
    heddle::run(done_merge(nums));
}
