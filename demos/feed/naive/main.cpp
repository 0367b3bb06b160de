// SPDX-License-Identifier: BSL-1.0
// A naive subscription has two bugs: its loop does not notice a close while it sleeps, or waits for a receiver.
// feed/loop has none of them. main.go is the same program in Go, where closed is also a data race.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

class subscription {
public:
    void subscribe() { heddle::go(&subscription::loop, this); }
    heddle::receiver<std::string> updates() { return updates_; }
    void close() { closed_ = true; }

private:
    heddle::task<> loop() {
        for (int n = 1; !closed_; ++n) {
            auto item = "item " + std::to_string(n);
            co_await updates_.send(item);   // bug: waits for ever if main is gone
            co_await heddle::sleep(500ms);  // bug: goes on after the close
        }
        updates_.close();
    }

    heddle::channel<std::string> updates_;
    bool closed_ = false;
};

heddle::task<> naive() {
    auto start = heddle::now();
    subscription sleepy;
    sleepy.subscribe();
    std::cout << *co_await sleepy.updates().receive() << '\n';
    co_await heddle::sleep(100ms);
    sleepy.close();
    std::cout << "closed after " << (heddle::now() - start) / 1ms << " ms\n";
    while (auto item = co_await sleepy.updates().receive())
        std::cout << *item << '\n';
    std::cout << "has ended after " << (heddle::now() - start) / 1ms << " ms\n";

    subscription stuck;
    stuck.subscribe();
    std::cout << *co_await stuck.updates().receive() << '\n';
    co_await heddle::sleep(600ms);  // the loop has the next item
    stuck.close();
    co_await heddle::sleep(1s);
    std::cout << "left " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "feed/naive");
    heddle::run(naive());
}
