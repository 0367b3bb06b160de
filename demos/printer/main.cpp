// SPDX-License-Identifier: BSL-1.0
// Jobs wait at a condition variable for paper; a clerk brings some when a notify tells him that there is too little.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

struct printer {
    heddle::mutex lock;
    heddle::condition_variable more_paper;
    int paper = 3;  // guarded by lock
    heddle::notify low;
};

std::string since(heddle::time_point start) {
    return " at " + std::to_string((heddle::now() - start) / 1ms) + " ms\n";
}

heddle::task<> job(printer& p, int pages, heddle::time_point start) {
    auto held = co_await p.lock.lock();
    while (p.paper < pages) {
        p.low.notify_one();
        co_await p.more_paper.wait(held);  // the lock is free meanwhile
    }
    p.paper -= pages;
    std::cout << pages << " pages are printed" << since(start);
}

// This brings two sheets when it is told to; however often it was told while it was away, that counts as once.
heddle::task<> clerk(printer& p, heddle::time_point start) {
    for (;;) {
        co_await p.low.wait();
        co_await heddle::sleep(100ms);
        auto held = co_await p.lock.lock();
        p.paper += 2;
        std::cout << "the clerk brings two sheets" << since(start);
        p.more_paper.notify_all();
    }
}

heddle::task<> all_jobs(printer& p, heddle::time_point start) {
    heddle::wait_group jobs;
    for (int pages : {2, 5, 1}) {
        jobs.go(job, std::ref(p), pages, start);
        co_await heddle::sleep(40ms);
    }
    co_await jobs.wait();
}

heddle::task<> print_all() {
    printer p;
    auto start = heddle::now();
    // When all jobs are done, the clerk is cancelled.
    co_await heddle::race(all_jobs(p, start), clerk(p, start));
}

int main(int argc, char** argv) {
    read_options(argc, argv, "printer");
    heddle::run(print_all());
}
