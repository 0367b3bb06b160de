// SPDX-License-Identifier: BSL-1.0
// A task is a buffer of ten portions: while it is full it does not receive, while it is empty it does not send.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <deque>
#include <iostream>

using namespace std::chrono_literals;

heddle::task<> buffer(heddle::receiver<int> producer, heddle::sender<int> consumer) {
    std::deque<int> portions;
    for (std::optional<int> portion;;) {
        heddle::receiver<int> in;  // it is nil, and nil is never ready
        heddle::sender<int> out;
        if (portions.size() < 10)
            in = producer;
        if (!portions.empty())
            out = consumer;
        int first = portions.empty() ? 0 : portions.front();
        switch (co_await heddle::select(in.receive(portion), out.send(first))) {
        case 0:
            portions.push_back(*portion);
            break;
        case 1:
            portions.pop_front();
        }
    }
}

heddle::task<> produce(heddle::sender<int> out, heddle::time_point start) {
    for (int portion = 1; portion <= 30; ++portion)
        co_await out.send(portion);
    std::cout << "all portions are produced after " << (heddle::now() - start) / 1ms
              << " ms\n";
}

heddle::task<> consume(heddle::receiver<int> in, heddle::time_point start) {
    int in_order = 0;
    for (int i = 1; i <= 30; ++i) {
        co_await heddle::sleep(10ms);
        auto portion = co_await in.receive();
        in_order += portion == i;
    }
    std::cout << in_order << " portions are consumed in order after "
              << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> bounded_buffer() {
    heddle::channel<int> from_producer, to_consumer;
    auto start = heddle::now();
    heddle::go(buffer, from_producer, to_consumer);
    heddle::go(produce, from_producer, start);
    co_await consume(to_consumer, start);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/bounded_buffer");
    heddle::run(bounded_buffer());
}
