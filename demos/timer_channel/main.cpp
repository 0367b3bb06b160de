// SPDX-License-Identifier: BSL-1.0
// A timer is a channel: a task sleeps, then sends the time to the receiver.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::task<> timer(heddle::duration delta, heddle::sender<heddle::time_point> out) {
    co_await heddle::sleep(delta);
    co_await out.send(heddle::now());
}

heddle::task<> wait_for_timer(heddle::duration busy) {
    heddle::channel<heddle::time_point> timer_chan;
    auto start = heddle::now();
    heddle::go(timer, 200ms, timer_chan);
    co_await heddle::sleep(busy);  // do something else; when ready, receive
    auto completed_at = co_await timer_chan.receive();
    std::cout << "busy for " << busy / 1ms << " ms: completed at "
              << (*completed_at - start) / 1ms << " ms, received at "
              << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> timer_channel() {
    co_await wait_for_timer(0ms);    // the receiver waits for the timer
    co_await wait_for_timer(500ms);  // the timer waits for the receiver
}

int main(int argc, char** argv) {
    read_options(argc, argv, "timer_channel");
    heddle::run(timer_channel());
}
