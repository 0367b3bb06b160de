// SPDX-License-Identifier: BSL-1.0
// Two tasks count words in one map: on one thread that is right, on two it is a data race, unless each has its own map.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <map>
#include <string>
#include <vector>

using counts = std::map<std::string, int>;

void count(const std::vector<std::string>& words, counts& all) {
    for (auto& each : words)
        ++all[each];
}

std::vector<std::string> text() {
    std::vector<std::string> words;
    for (int i = 0; i < 30'000; ++i)
        words.insert(words.end(), {"chan", "go", "select"});
    return words;
}

// Wrong on two threads: both tasks change the map.
heddle::task<counts> count_together() {
    counts all;
    heddle::wait_group tasks;
    for (int half = 0; half < 2; ++half)
        tasks.go([&all]() -> heddle::task<> {
            count(text(), all);
            co_return;
        });
    co_await tasks.wait();
    co_return all;
}

// Right: a map belongs to the task that fills it, until it is sent.
heddle::task<> count_and_send(heddle::sender<counts> out) {
    counts mine;
    count(text(), mine);
    co_await out.send(std::move(mine));
}

heddle::task<counts> count_apart() {
    heddle::channel<counts> parts;
    for (int half = 0; half < 2; ++half)
        heddle::go(count_and_send, parts);
    counts all;
    for (int half = 0; half < 2; ++half) {
        auto part = co_await parts.receive();
        for (auto& [word, number] : *part)
            all[word] += number;
    }
    co_return all;
}

int main(int argc, char** argv) {
    unsigned threads = 1;
    bool fixed = false;
    read_options(argc, argv, "race/map [--threads N] [--fixed]",
                 {{"threads", threads, 1, 64}, {"fixed", fixed}});
    auto all =
        heddle::run({.threads = threads}, fixed ? count_apart() : count_together());
    for (auto& [word, number] : all)
        std::cout << word << ' ' << number << '\n';
}
