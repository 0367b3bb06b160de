// SPDX-License-Identifier: BSL-1.0
// A buffer that is just large enough hides a leak, until one more value comes.
// main.go is the same program in Go; both print a square and the number of tasks that are left.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>
#include <vector>

using namespace std::chrono_literals;

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

heddle::receiver<int> merge(std::vector<heddle::receiver<int>> cs) {
    auto wg = std::make_shared<heddle::wait_group>();
    heddle::channel<int> out(1);  // room for the value that no task receives
    auto output = [=](heddle::receiver<int> c) -> heddle::task<> {
        while (auto n = co_await c.receive())
            co_await out.send(*n);
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

heddle::task<> buffer(std::vector<int> nums) {
    auto in = gen(nums);
    auto c1 = sq(in), c2 = sq(in);
    auto out = merge({c1, c2});
    std::cout << *co_await out.receive() << '\n';

    co_await heddle::sleep(50ms);  // every task that can end has ended by now
    std::cout << "left " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    std::vector<int> nums{2, 3};
    read_options(argc, argv, "pipeline/buffer [--in N,...]", {{"in", nums}});
    heddle::run(buffer(nums));
}
