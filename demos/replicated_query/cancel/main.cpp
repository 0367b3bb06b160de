// SPDX-License-Identifier: BSL-1.0
// A query asks all replicas, takes the first answer, and tells the other replicas to stop.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <vector>

using namespace std::chrono_literals;

struct replica {
    int number;
    heddle::duration latency;
};

enum { answered, stopped };

heddle::task<> ask(replica r, heddle::done_token done, heddle::sender<int> ch) {
    auto event = co_await heddle::select(heddle::after(r.latency), done);
    if (event == stopped)
        co_return;
    std::cout << "replica " << r.number << " has an answer\n";
    co_await heddle::select(ch.send(r.number), done);
}

heddle::task<int> query(std::vector<replica> replicas, heddle::channel<int> ch,
                        heddle::wait_group& asked) {
    heddle::done_source done;  // closes when this returns
    for (auto r : replicas)
        asked.go(ask, r, done.token(), ch);
    co_return *co_await ch.receive();
}

heddle::task<> replicated_query() {
    std::vector<replica> replicas = {{1, 300ms}, {2, 100ms}, {3, 200ms}};
    heddle::channel<int> ch;
    heddle::wait_group asked;
    auto start = heddle::now();
    int first = co_await query(replicas, ch, asked);
    std::cout << "replica " << first << " answers at " << (heddle::now() - start) / 1ms
              << " ms\n";

    co_await asked.wait();
    std::cout << "nobody is left at " << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "replicated_query/cancel");
    heddle::run(replicated_query());
}
