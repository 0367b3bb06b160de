// SPDX-License-Identifier: BSL-1.0
// A oneshot hands over one value: a task keeps its promise, breaks it, or learns that nobody waits for the value.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

// This takes 30 ms for each letter; it finds nobody whose name is a question mark. A callback would have the promise,
// too, and call set().
heddle::task<> look_up(std::string name, heddle::promise<std::size_t> number) {
    auto found = heddle::after(name.size() * 30ms);
    enum { unwanted };
    auto what = co_await heddle::select(number.abandoned(), found);
    if (what == unwanted)
        std::cout << "  nobody waits for the number of " << name << '\n';
    else if (name != "?")
        number.set(name.size());
}  // a promise that was not kept is broken now

heddle::task<> call(std::string name) {
    auto start = heddle::now();
    auto [promise, future] = heddle::oneshot<std::size_t>();
    heddle::go(look_up, name, std::move(promise));
    std::string how;
    try {
        std::optional<std::size_t> number;
        co_await heddle::select(future.get(number), heddle::after(120ms));
        how = number ? "number " + std::to_string(*number) : "it takes too long";
    } catch (const heddle::broken_promise&) {
        how = "no number";
    }
    std::cout << name << ": " << how << ", after " << (heddle::now() - start) / 1ms
              << " ms\n";
}  // the future is gone now

heddle::task<> call_all() {
    for (std::string name : {"al", "?", "barbara", "bo"})
        co_await call(name);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "promise");
    heddle::run(call_all());
}
