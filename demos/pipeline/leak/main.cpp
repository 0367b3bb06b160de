// SPDX-License-Identifier: BSL-1.0
// A receiver that stops early leaves tasks behind: they wait for ever, and dump_tasks shows for what.
// main.go is the same program in Go; both print 4 or 9, and then the number of tasks that are left.
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
    heddle::channel<int> out;
    out.name("merged");
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

heddle::task<> leak() {
    auto in = gen({2, 3});
    auto c1 = sq(in), c2 = sq(in);
    auto out = merge({c1, c2});
    std::cout << *co_await out.receive() << '\n';  // 4 or 9; no task receives the other

    co_await heddle::sleep(50ms);  // every task that can end has ended by now
    std::cout << "left " << heddle::live_tasks() - 1 << '\n' << heddle::dump_tasks();
}

int main(int argc, char** argv) {
    read_options(argc, argv, "pipeline/leak");
    heddle::run(leak());
}
