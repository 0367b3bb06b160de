// SPDX-License-Identifier: BSL-1.0
// Subscriptions merge into one without duplicates; a close reaches each of them, and collects their errors.
// main.go is the same program in Go; both print the lines of expected.txt, in some order.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <set>
#include <string>

using reply = heddle::sender<std::string>;

struct subscription {
    heddle::channel<std::string> updates;
    heddle::channel<reply> closing;
};

heddle::task<> feed(std::string domain, int number, subscription s) {
    std::optional<reply> to;
    for (int n = 1; n <= 3 && !to; ++n) {
        auto item = domain + " " + std::to_string(n);
        co_await heddle::select(s.closing.receive(to), s.updates.send(item));
    }
    if (!to)
        to = co_await s.closing.receive();
    co_await to->send("error of feed " + std::to_string(number));
}

enum { happened, quitting };

heddle::task<> forward(subscription from, heddle::sender<std::string> all,
                       heddle::done_token quit, reply errors) {
    std::optional<std::string> item;
    while (co_await heddle::select(from.updates.receive(item), quit) == happened)
        if (co_await heddle::select(all.send(*item), quit) == quitting)
            break;
    co_await from.closing.send(errors);
}

heddle::task<> dedupe(heddle::receiver<std::string> all,
                      heddle::sender<std::string> updates, heddle::done_token quit) {
    std::set<std::string> seen;
    std::optional<std::string> item;
    while (co_await heddle::select(all.receive(item), quit) == happened)
        if (seen.insert(*item).second &&
            co_await heddle::select(updates.send(*item), quit) == quitting)
            break;
    updates.close();
}

heddle::task<> merge() {
    heddle::channel<std::string> all, updates, errors;
    heddle::done_source quit;
    heddle::wait_group tasks;
    int number = 0;
    for (auto domain : {"a.org", "b.org", "a.org"}) {
        subscription s;
        tasks.go(feed, domain, ++number, s);
        tasks.go(forward, s, all, quit.token(), errors);
    }
    tasks.go(dedupe, all, updates, quit.token());
    for (int i = 0; i < 6; ++i)
        std::cout << *co_await updates.receive() << '\n';

    quit.close();
    for (int i = 0; i < number; ++i)
        std::cout << *co_await errors.receive() << '\n';
    co_await tasks.wait();
    if (!co_await updates.receive())
        std::cout << "closed\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "feed/merge");
    heddle::run(merge());
}
