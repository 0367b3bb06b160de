// SPDX-License-Identifier: BSL-1.0
// Five philosophers share five forks; the room admits only four of them, so one can always eat.
// main.go is the same program in Go; with --room 5 both end with a report of a deadlock and exit code 2.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <array>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using heddle::sleep;

// A fork is a channel with room for one; while it lies on the table, the channel is empty.
using forks = std::array<heddle::channel<>, 5>;

heddle::task<> philosopher(std::size_t i, forks fork, heddle::channel<> room) {
    heddle::this_task::name("philosopher " + std::to_string(i));
    auto left = fork[i], right = fork[(i + 1) % 5];
    for (int meal = 0; meal < 3; ++meal) {
        co_await room.send();
        co_await left.send();
        co_await sleep(10ms);
        co_await right.send();
        std::cout << "philosopher " << i << " eats\n";
        co_await sleep(random_below(10ms));
        std::cout << "philosopher " << i << " has eaten\n";
        co_await left.receive();
        co_await right.receive();
        co_await room.receive();
        co_await sleep(random_below(10ms));  // the philosopher thinks
    }
}

heddle::task<> dine(int places) {
    forks fork;
    for (std::size_t i = 0; i < 5; ++i) {
        fork[i] = heddle::channel<>(1);
        fork[i].name("fork " + std::to_string(i));
    }
    heddle::channel<> room(places);
    heddle::wait_group philosophers;
    for (std::size_t i = 0; i < 5; ++i)
        philosophers.go(philosopher, i, fork, room);
    co_await philosophers.wait();
}

int main(int argc, char** argv) {
    int places = 4;
    read_options(argc, argv, "hoare/philosophers [--room PLACES]",
                 {{"room", places, 1, 5}});
    heddle::run(dine(places));
}
