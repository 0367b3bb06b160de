// SPDX-License-Identifier: BSL-1.0
// A pool of workers takes jobs until their channel is closed and drained.
// main.go is the same program in Go; both print the lines of expected.txt, in some order and with
// other numbers of workers.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> worker(int id, heddle::receiver<int> jobs, heddle::sender<int> results) {
    while (auto j = co_await jobs.receive()) {
        std::cout << "Worker " << id << " processing job " << *j << '\n';
        co_await results.send(*j * 2);
    }
}

void start_workers(int workers, heddle::receiver<int> jobs, heddle::sender<int> results,
                   heddle::wait_group& pool) {
    for (int w = 1; w <= workers; ++w)
        pool.go(worker, w, jobs, results);
}

heddle::task<> worker_pool(int workers, int count, bool late) {
    heddle::channel<int> jobs(count), results(count);
    heddle::wait_group pool;
    if (!late)
        start_workers(workers, jobs, results, pool);
    for (int j = 1; j <= count; ++j)
        co_await jobs.send(j);  // there is room for all
    jobs.close();               // the jobs in the buffer stay
    if (late)
        start_workers(workers, jobs, results, pool);
    for (int a = 1; a <= count; ++a) {
        auto r = co_await results.receive();
        std::cout << "Result: " << *r << '\n';
    }

    co_await pool.wait();
}

int main(int argc, char** argv) {
    int workers = 3, jobs = 5;
    bool late = false;
    read_options(argc, argv, "worker_pool [-w WORKERS] [-j JOBS] [--late]",
                 {{"w", workers}, {"j", jobs}, {"late", late}});
    heddle::run(worker_pool(workers, jobs, late));
}
