// SPDX-License-Identifier: BSL-1.0
// A subscription is one loop around one select, so a close is served while it sleeps, fetches or waits to send.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <deque>
#include <iostream>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct fetched {
    std::vector<std::string> items;
    std::string error;
};

// Fetch number n finds one new item, and all older ones again; after 13 fetches the feed is gone.
heddle::task<> fetch(int n, heddle::sender<fetched> done) {
    co_await heddle::sleep(50ms);
    fetched result;
    for (int i = 1; n <= 13 && i <= n; ++i)
        result.items.push_back("item " + std::to_string(i));
    if (n > 13)
        result.error = "no such feed";
    co_await done.send(std::move(result));
}

using reply = heddle::sender<std::string>;

heddle::task<> loop(heddle::sender<std::string> updates,
                    heddle::receiver<reply> closing, int& fetches) {
    std::deque<std::string> pending;
    std::set<std::string> seen;
    std::string error;
    auto next = heddle::now();
    heddle::receiver<fetched> fetching;  // it is nil if no fetch is under way
    std::optional<fetched> result;
    std::optional<reply> to;
    for (;;) {
        auto when = heddle::time_point::max();
        if (fetching == nullptr && pending.size() < 10)
            when = next;
        heddle::sender<std::string> out;  // it is nil if no item is pending
        std::string first;
        if (!pending.empty()) {
            out = updates;
            first = pending.front();
        }
        switch (co_await heddle::select(closing.receive(to), fetching.receive(result),
                                        heddle::at(when), out.send(first))) {
        case 0:
            co_await to->send(error);
            updates.close();
            co_return;
        case 1:
            fetching = nullptr;
            next = heddle::now() + 50ms;
            error = result->error;
            for (auto& item : result->items)
                if (seen.insert(item).second)
                    pending.push_back(item);
            break;
        case 2: {
            heddle::channel<fetched> done(1);  // nobody receives it after a close
            heddle::go(fetch, ++fetches, done);
            fetching = done;
            break;
        }
        case 3:
            pending.pop_front();
        }
    }
}

heddle::task<> subscription() {
    heddle::channel<std::string> updates, error;
    heddle::channel<reply> closing;
    int fetches = 0;
    auto start = heddle::now();
    auto looping = heddle::go(loop, updates, closing, std::ref(fetches));
    for (int i = 1; i <= 4; ++i) {
        if (i == 4) {
            co_await heddle::sleep(1500ms);
            std::cout << "paused: " << fetches << " fetches, so that 10 items wait\n";
        }
        auto item = co_await updates.receive();
        std::cout << *item << " at " << (heddle::now() - start) / 1ms << " ms\n";
    }
    co_await heddle::sleep(125ms);  // the loop is fetching
    co_await closing.send(error);
    auto last = co_await error.receive();
    std::cout << "closed at " << (heddle::now() - start) / 1ms << " ms: " << *last
              << '\n';
    co_await looping;
}

int main(int argc, char** argv) {
    read_options(argc, argv, "feed/loop");
    heddle::run(subscription());
}
