// SPDX-License-Identifier: BSL-1.0
// A server publishes events; for a subscriber that is slow it waits, or drops events, or lets them queue up.
// main.go is the same program in Go; both print expected_wait.txt, expected_drop.txt or expected_queue.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <deque>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// This passes events on, and keeps those that `out` does not take yet, however many they are. heddle::unbounded does
// the same for any type.
heddle::task<> queue(heddle::receiver<int> in, heddle::sender<int> out) {
    std::deque<int> waiting;
    std::optional<int> event;
    while (in != nullptr || !waiting.empty()) {
        heddle::sender<int> to;  // it is nil if no event waits
        int first = 0;
        if (!waiting.empty()) {
            to = out;
            first = waiting.front();
        }
        switch (co_await heddle::select(in.receive(event), to.send(first))) {
        case 0:
            if (event)
                waiting.push_back(*event);
            else
                in = nullptr;  // it is closed
            break;
        case 1:
            waiting.pop_front();
        }
    }
    out.close();
}

heddle::task<> server(heddle::receiver<int> events,
                      std::vector<heddle::sender<int>> subscribers,
                      std::string policy) {
    if (policy == "queue")
        for (auto& each : subscribers) {
            heddle::channel<int> before;
            heddle::go(queue, before, each);
            each = before;
        }
    while (auto event = co_await events.receive())
        for (auto& each : subscribers)
            if (policy == "drop")
                co_await heddle::select(each.send(*event), heddle::otherwise);
            else
                co_await each.send(*event);
    for (auto& each : subscribers)
        each.close();
}

heddle::task<> subscriber(std::string name, heddle::receiver<int> in,
                          heddle::duration work) {
    std::string seen;
    auto start = heddle::now();
    while (auto event = co_await in.receive()) {
        seen += ' ' + std::to_string(*event);
        co_await heddle::sleep(work);
    }
    std::cout << name << " has seen" << seen << " after "
              << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> pub_sub(std::string policy) {
    heddle::channel<int> events, to_quick, to_slow;
    heddle::wait_group subscribers;
    subscribers.go(subscriber, "quick", to_quick, 0ms);
    subscribers.go(subscriber, "slow", to_slow, 140ms);
    heddle::go(server, events, std::vector<heddle::sender<int>>{to_quick, to_slow},
               policy);
    auto start = heddle::now();
    for (int event = 0; event < 10; ++event) {
        co_await heddle::sleep(40ms);
        co_await events.send(event);
    }
    std::cout << "published after " << (heddle::now() - start) / 1ms << " ms\n";
    events.close();
    co_await subscribers.wait();
}

int main(int argc, char** argv) {
    std::string policy = "wait";
    const char* usage = "pub_sub [--policy wait|drop|queue]";
    read_options(argc, argv, usage, {{"policy", policy}});
    if (policy != "wait" && policy != "drop" && policy != "queue")
        wrong_usage(usage);
    heddle::run(pub_sub(policy));
}
