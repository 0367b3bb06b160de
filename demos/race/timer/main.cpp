// SPDX-License-Identifier: BSL-1.0
// A watchdog barks 100 ms after it was fed last: a deadline that two tasks share is a data race on two threads, a
// channel is none. main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <tuple>

using namespace std::chrono_literals;

constexpr int meals = 5;

// This takes 20 ms, and does not wait.
void compute() {
    auto end = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < end) {
    }
}

// Wrong on two threads: the other task changes the deadline meanwhile.
heddle::task<> watch_deadline(const heddle::time_point& deadline) {
    while (deadline > heddle::now())
        co_await heddle::sleep_until(deadline);
}

heddle::task<> reset_deadline() {
    auto deadline = heddle::now() + 100ms;
    auto dog = heddle::go(watch_deadline, std::ref(deadline));
    for (int i = 0; i < meals; ++i) {
        compute();
        deadline = heddle::now() + 100ms;
        co_await heddle::yield();
    }
    co_await dog;
}

// Right: the dog has its own timer, and is told when to start it again.
heddle::task<> watch_bowl(heddle::receiver<> bowl) {
    enum { fed, late };
    for (std::size_t what = fed; what == fed;)
        what = co_await heddle::select(bowl.receive(std::ignore), heddle::after(100ms));
}

heddle::task<> fill_bowl() {
    heddle::channel<> bowl;
    auto dog = heddle::go(watch_bowl, bowl);
    for (int i = 0; i < meals; ++i) {
        compute();
        co_await bowl.send();
    }
    co_await dog;
}

heddle::task<> feed_dog(bool fixed) {
    if (fixed)
        co_await fill_bowl();
    else
        co_await reset_deadline();
    std::cout << "woof\n";
}

int main(int argc, char** argv) {
    unsigned threads = 1;
    bool fixed = false;
    read_options(argc, argv, "race/timer [--threads N] [--fixed]",
                 {{"threads", threads, 1, 64}, {"fixed", fixed}});
    heddle::run({.threads = threads}, feed_dog(fixed));
}
