// SPDX-License-Identifier: BSL-1.0
// Workers that all need one slow resource are no faster than one worker; they only pass it on more often.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

struct request {
    int worker;
    heddle::sender<> served;
};

struct tally {
    int operations = 0, handed_over = 0;
};

heddle::task<> resource(heddle::receiver<request> requests,
                        heddle::sender<tally> result) {
    tally t;
    int last = 0;
    while (auto r = co_await requests.receive()) {
        co_await heddle::sleep(1ms);
        ++t.operations;
        if (last != 0 && last != r->worker)
            ++t.handed_over;
        last = r->worker;
        co_await r->served.send();
    }
    co_await result.send(t);
}

heddle::task<> worker(int number, int jobs, heddle::sender<request> requests) {
    heddle::channel<> served;
    for (int i = 0; i < jobs; ++i) {
        co_await requests.emplace(number, served);
        co_await served.receive();
    }
}

heddle::task<> share(int workers, int jobs) {
    auto start = heddle::now();
    heddle::channel<request> requests;
    heddle::channel<tally> result;
    heddle::go(resource, requests, result);
    heddle::wait_group wg;
    for (int w = 1; w <= workers; ++w)
        wg.go(worker, w, jobs / workers, requests);
    co_await wg.wait();
    auto took = heddle::now() - start;
    requests.close();
    auto t = *co_await result.receive();
    std::cout << workers << " workers: " << t.operations << " operations in "
              << took / 1ms << " ms, handed over " << t.handed_over << " times\n";
}

heddle::task<> not_faster() {
    for (int workers : {1, 2, 4, 8})
        co_await share(workers, 120);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "not_faster");
    heddle::run(not_faster());
}
