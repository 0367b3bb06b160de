// SPDX-License-Identifier: BSL-1.0
// A query asks all replicas and takes the first answer; the buffer has room for the late ones.
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

heddle::task<> ask(replica r, heddle::sender<int> ch) {
    co_await heddle::sleep(r.latency);
    co_await ch.send(r.number);
}

heddle::task<int> query(std::vector<replica> replicas, heddle::channel<int> ch,
                        heddle::wait_group& asked) {
    for (auto r : replicas)
        asked.go(ask, r, ch);
    co_return *co_await ch.receive();
}

heddle::task<> replicated_query() {
    std::vector<replica> replicas = {{1, 300ms}, {2, 100ms}, {3, 200ms}};
    heddle::channel<int> ch(replicas.size());
    heddle::wait_group asked;
    auto start = heddle::now();
    int first = co_await query(replicas, ch, asked);
    std::cout << "replica " << first << " answers at " << (heddle::now() - start) / 1ms
              << " ms\n";

    co_await asked.wait();  // late replicas end too
    std::cout << "nobody is left at " << (heddle::now() - start) / 1ms << " ms, but "
              << ch.size() << " answers\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "replicated_query/all");
    heddle::run(replicated_query());
}
