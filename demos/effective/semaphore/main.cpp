// SPDX-License-Identifier: BSL-1.0
// A buffered channel is a semaphore: its capacity limits how many requests are processed at once.
// heddle::semaphore is one, too. main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <iostream>

using namespace std::chrono_literals;

struct load {
    int now = 0, most = 0;
};

heddle::task<> process(load& at_once) {
    at_once.most = std::max(at_once.most, ++at_once.now);
    co_await heddle::sleep(100ms);
    --at_once.now;
}

heddle::task<> handle(load& at_once, heddle::receiver<> sem) {
    co_await process(at_once);
    co_await sem.receive();  // this makes room for the next request
}

heddle::task<> serve(heddle::receiver<int> queue, int limit, load& at_once) {
    heddle::channel<> sem(limit);
    heddle::wait_group requests;
    while (auto request = co_await queue.receive()) {
        co_await sem.send();  // this waits while the semaphore is full
        requests.go(handle, std::ref(at_once), sem);
    }
    co_await requests.wait();
}

heddle::task<> ten_requests(int limit) {
    heddle::channel<int> queue(10);
    for (int r = 0; r < 10; ++r)
        co_await queue.send(r);
    queue.close();
    load at_once;
    auto start = heddle::now();
    co_await serve(queue, limit, at_once);
    std::cout << "10 requests, at most " << at_once.most << " at once, took "
              << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    int limit = 3;
    read_options(argc, argv, "effective/semaphore [--limit N]", {{"limit", limit}});
    heddle::run(ten_requests(limit));
}
