// SPDX-License-Identifier: BSL-1.0
// Actors end together: when one returns, the group interrupts the others and waits for them.
// It is written by hand, as in Go; heddle::run_group is the library's.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// Each actor has a function that runs it, and another that makes the first return soon.
class run_group {
public:
    using execute =
        std::function<heddle::task<std::string>()>;  // returns the reason why it ended
    using interrupt = std::function<void(std::string)>;

    void add(execute e, interrupt i) { actors_.push_back({e, i}); }

    // Returns the reason of the first actor to return, once all have returned.
    heddle::task<std::string> run() {
        heddle::channel<std::string> reasons(actors_.size());
        for (const auto& a : actors_)
            heddle::go([=]() -> heddle::task<> {
                co_await reasons.send(co_await a.execute());
            });
        auto first = *co_await reasons.receive();
        for (const auto& a : actors_)
            a.interrupt(first);
        for (std::size_t i = 1; i < actors_.size(); ++i)
            co_await reasons.receive();
        co_return first;
    }

private:
    struct actor {
        run_group::execute execute;
        run_group::interrupt interrupt;
    };
    std::vector<actor> actors_;
};

heddle::task<> three_actors() {
    auto start = heddle::now();
    auto say = [=](std::string what) {
        std::cout << (heddle::now() - start) / 1ms << " ms: " << what << '\n';
    };
    run_group g;

    heddle::channel<> close_server, stop_ticker;
    auto server = [=]() -> heddle::task<std::string> {
        co_await close_server.receive();
        co_await heddle::sleep(90ms);  // until its clients have left
        say("server returns");
        co_return "closed";
    };
    g.add(server, [=](std::string why) {
        say("interrupt server: " + why);
        close_server.close();
    });

    auto ticker = [=]() -> heddle::task<std::string> {
        heddle::ticker every(50ms);
        for (bool stop = false; !stop;) {
            co_await every.next();
            stop = stop_ticker.closed();
        }
        say("ticker returns");
        co_return "stopped";
    };
    g.add(ticker, [=](std::string why) {
        say("interrupt ticker: " + why);
        stop_ticker.close();
    });

    auto writer = [=]() -> heddle::task<std::string> {
        co_await heddle::sleep(10ms);
        say("writer returns");
        co_return "disk full";
    };
    g.add(writer, [=](std::string why) { say("interrupt writer: " + why); });

    auto why = co_await g.run();
    say("run returns: " + why);
    std::cout << "left: " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "run_group");
    heddle::run(three_actors());
}
