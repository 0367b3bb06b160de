// SPDX-License-Identifier: BSL-1.0
// A slow disk is faster if it gets many values at once: a batcher collects them, or the disk takes all that are there.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/resilience.hpp>

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

heddle::time_point start;

void say(const std::string& what) {
    std::cout << what << " at " << (heddle::now() - start) / 1ms << " ms\n";
}

std::string list(const std::vector<std::string>& entries) {
    std::string all;
    for (auto& each : entries)
        all += ' ' + each;
    return all;
}

// However many the entries are, the disk takes 60 ms.
heddle::task<> save(std::vector<std::string> entries) {
    say("the disk saves" + list(entries));
    co_await heddle::sleep(60ms);
}

// A batch is complete when it has three entries, or 150 ms after its first.
heddle::task<> batches() {
    heddle::batcher<std::string> journal({.items = 3, .after = 150ms}, save);
    std::vector<heddle::join_handle<>> clients;
    for (std::string entry : {"a", "b", "c", "d"}) {
        clients.push_back(heddle::go(journal.add(entry)));
        co_await heddle::sleep(20ms);
    }
    for (auto& each : clients) {
        co_await each;
        say("a client goes on");
    }
}

// An entry is made when there is room for it, so it is as new as can be.
heddle::task<> make_entries(heddle::sender<std::string> out) {
    for (int i = 1; i <= 6; ++i) {
        auto room = co_await out.reserve();
        say("entry " + std::to_string(i) + " is made");
        room.send(std::to_string(i));
    }
    out.close();
}

// The disk takes all entries that there are.
heddle::task<> take_all() {
    heddle::channel<std::string> entries(2);
    heddle::go(make_entries, entries);
    co_await heddle::sleep(10ms);
    std::vector<std::string> some;
    auto number = co_await entries.receive_many(some, 10);
    while (number > 0) {
        co_await save(std::move(some));
        some.clear();
        number = co_await entries.receive_many(some, 10);
    }
}

heddle::task<> keep_journal() {
    start = heddle::now();
    co_await batches();
    co_await take_all();
}

int main(int argc, char** argv) {
    read_options(argc, argv, "journal");
    heddle::run(keep_journal());
}
