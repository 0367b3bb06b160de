// SPDX-License-Identifier: BSL-1.0
// Many workers share one channel of work; a worker that is free takes the next request.
// main.go is the same program in Go; both print expected.txt, in some order.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

struct work {
    int x, y, z;
};

heddle::task<> worker(heddle::receiver<work> in, heddle::sender<work> out) {
    while (auto w = co_await in.receive()) {
        w->z = w->x * w->y;
        co_await heddle::sleep(w->z * 1ms);
        co_await out.send(*w);
    }
}

heddle::task<> send_lots_of_work(heddle::sender<work> in, int jobs) {
    for (int x = 1; x <= jobs; ++x) {
        work w{x, 5 - x % 5, 0};
        co_await in.send(w);
    }
    in.close();
}

heddle::task<> receive_lots_of_results(heddle::receiver<work> out, int jobs) {
    for (int i = 0; i < jobs; ++i) {
        auto w = co_await out.receive();
        std::cout << w->x << " * " << w->y << " = " << w->z << '\n';
    }
}

heddle::task<> balance(int workers, int jobs) {
    auto start = heddle::now();
    heddle::channel<work> in, out;
    for (int i = 0; i < workers; ++i)
        heddle::go(worker, in, out);
    heddle::go(send_lots_of_work, in, jobs);
    co_await receive_lots_of_results(out, jobs);
    std::cerr << "took " << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    int workers = 10, jobs = 20;
    read_options(argc, argv, "load_balancer/simple [--workers N] [--jobs M]",
                 {{"workers", workers}, {"jobs", jobs}});
    heddle::run(balance(workers, jobs));
}
