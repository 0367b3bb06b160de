// SPDX-License-Identifier: BSL-1.0
// Players wait for the ball in turn; when there is no ball, a report lists the tasks that wait.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

struct ball {
    int hits;
};

heddle::task<> player(std::string name, heddle::channel<ball> table) {
    heddle::this_task::name(name);
    while (auto b = co_await table.receive()) {
        std::cout << name << ' ' << ++b->hits << '\n';
        co_await heddle::sleep(100ms);
        co_await table.send(*b);
    }
}

std::string name_of(int i) {
    if (i == 0)
        return "ping";
    if (i == 1)
        return "pong";
    return "player " + std::to_string(i + 1);
}

heddle::task<> play(int players, int ms, bool toss, bool stacks) {
    heddle::this_task::name("main");
    heddle::channel<ball> table;
    table.name("table");
    for (int i = 0; i < players; ++i)
        heddle::go(player, name_of(i), table);
    if (toss)
        co_await table.emplace(0);  // the game begins
    co_await heddle::sleep(ms * 1ms);
    auto b = co_await table.receive();  // the game ends: main takes the ball
    std::cout << b->hits << " hits\n";
    if (!stacks)
        co_return;
    co_await heddle::sleep(100ms);  // all players come to rest
    std::cerr << heddle::dump_tasks();
}

int main(int argc, char** argv) {
    int players = 2, ms = 1050;
    bool no_ball = false, stacks = false;
    read_options(
        argc, argv, "ping_pong [-k PLAYERS] [--for MS] [--no-ball] [--stacks]",
        {{"k", players}, {"for", ms}, {"no-ball", no_ball}, {"stacks", stacks}});
    heddle::run(play(players, ms, !no_ball, stacks));
}
