// SPDX-License-Identifier: BSL-1.0
// load_balancer/heap with the balancer of the library: the least loaded worker gets the request. There is no Go twin,
// as Go's library has no balancer.
#include "../../options.hpp"

#include <heddle/balancer.hpp>
#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

struct request {
    request(int a, int b, heddle::sender<int> c) : x(a), y(b), reply(c) {}
    int x, y;
    heddle::sender<int> reply;
};

heddle::task<> multiply(request r) {
    co_await heddle::sleep(r.x * r.y * 1ms);
    co_await r.reply.send(r.x * r.y);
}

heddle::task<> ask(heddle::balancer<request> b, int x, int y) {
    heddle::channel<int> reply;
    co_await b.send(request(x, y, reply));
    auto z = co_await reply.receive();
    std::cout << x << " * " << y << " = " << *z << '\n';
}

heddle::task<> balance(int workers, int jobs) {
    heddle::balancer<request> b;
    for (int i = 0; i < workers; ++i)
        b.add(multiply);
    heddle::wait_group asked;
    for (int x = 1; x <= jobs; ++x)
        asked.go(ask, b, x, 5 - x % 5);
    co_await asked.wait();
    for (auto& w : b.metrics())
        std::cerr << "worker " << w.number << " has handled " << w.done << '\n';
    b.close();
}

int main(int argc, char** argv) {
    int workers = 10, jobs = 20;
    read_options(argc, argv, "load_balancer/library [--workers N] [--jobs M]",
                 {{"workers", workers}, {"jobs", jobs}});
    heddle::run(balance(workers, jobs));
}
