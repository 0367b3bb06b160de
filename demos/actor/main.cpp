// SPDX-License-Identifier: BSL-1.0
// An actor is a task that owns its state and serves requests; it can be stopped while callers wait.
// It is written by hand, as in Go; heddle::actor does this for any state and any function.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <optional>

using namespace std::chrono_literals;

class counter {
public:
    void start() { loop_ = heddle::go(&counter::loop, this); }

    // Refuses the callers that wait; the request that is being served is finished.
    heddle::task<> stop() {
        stopping_.close();
        co_await loop_;
    }

    // Waits for the sum; the result is empty if the counter has stopped.
    heddle::task<std::optional<int>> call(int n, heddle::duration takes) {
        heddle::channel<int> reply(1);
        request r{n, takes, reply};
        if (co_await heddle::select(requests_.send(r), stopping_.token()) == 1)
            co_return std::nullopt;
        co_return co_await reply.receive();
    }

    // Does not wait for the sum.
    heddle::task<> cast(int n, heddle::duration takes) {
        request r{n, takes, nullptr};
        co_await heddle::select(requests_.send(r), stopping_.token());
    }

private:
    struct request {
        int n;
        heddle::duration takes;
        heddle::sender<int> reply;
    };

    heddle::task<> loop() {
        int sum = 0;  // no other task can see it
        for (std::optional<request> r;;) {
            if (co_await heddle::select(requests_.receive(r), stopping_.token()) == 1)
                co_return;
            co_await heddle::sleep(r->takes);
            sum += r->n;
            if (r->reply != nullptr)
                co_await r->reply.send(sum);
        }
    }

    heddle::channel<request> requests_;
    heddle::done_source stopping_;
    heddle::join_handle<> loop_;
};

heddle::task<> start_and_stop() {
    counter c;
    c.start();
    long replies = 0;
    int answered = 0, refused = 0;
    auto caller = [&](heddle::duration takes) -> heddle::task<> {
        auto sum = co_await c.call(1, takes);
        if (sum)
            ++answered, replies += *sum;
        else
            ++refused;
    };

    heddle::wait_group wg;
    for (int i = 0; i < 1000; ++i)
        wg.go(caller, 0ms);
    co_await wg.wait();
    std::cout << answered << " calls, their replies add up to " << replies << '\n';
    co_await c.cast(500, 0ms);
    std::cout << "after a cast: " << *co_await c.call(0, 0ms) << '\n';

    answered = 0;
    auto start = heddle::now();
    for (int i = 0; i < 10; ++i)
        wg.go(caller, 100ms);
    co_await heddle::sleep(350ms);
    co_await c.stop();
    std::cout << "stopped after " << (heddle::now() - start) / 1ms << " ms: ";
    co_await wg.wait();
    std::cout << answered << " answered, " << refused << " refused\n";
    if (!co_await c.call(1, 0ms))
        std::cout << "a call after that is refused\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "actor");
    heddle::run(start_and_stop());
}
