// SPDX-License-Identifier: BSL-1.0
// A value in done stops one sender, so main must send as many values as there may be blocked senders.
// main.go is the same program in Go; both print a square and the number of tasks that are left.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>
#include <optional>
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

heddle::receiver<int> merge(heddle::receiver<> done, bool drain,
                            std::vector<heddle::receiver<int>> cs) {
    auto wg = std::make_shared<heddle::wait_group>();
    heddle::channel<int> out;
    auto output = [=](heddle::receiver<int> c) -> heddle::task<> {
        std::optional<heddle::unit> stop;
        while (auto n = co_await c.receive())
            if (co_await heddle::select(out.send(*n), done.receive(stop)) == stopped)
                if (!drain)
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

heddle::task<> done_values(std::vector<int> nums, bool drain) {
    heddle::channel<> done(2);
    auto in = gen(nums);
    auto c1 = sq(in), c2 = sq(in);
    auto out = merge(done, drain, {c1, c2});
    std::cout << *co_await out.receive() << '\n';

    co_await done.send();  // two senders may be blocked
    co_await done.send();
    co_await heddle::sleep(50ms);  // every task that can end has ended by now
    std::cout << "left " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    std::vector<int> nums{2, 3};
    bool drain = false;
    read_options(argc, argv,
                 "pipeline/done_values [--in N,...] [--drain]   (go on after done)",
                 {{"in", nums}, {"drain", drain}});
    heddle::run(done_values(nums, drain));
}
