// SPDX-License-Identifier: BSL-1.0
// A select with a default does not wait: it takes a tick or the boom if one is there, else it prints a dot.
// main.go is the same program in Go; both print dots, four or five ticks, and BOOM!
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::task<> bomb() {
    heddle::ticker every(100ms);
    auto tick = every.next();
    auto boom = heddle::after(500ms);
    for (;;)
        switch (co_await heddle::select(tick, boom, heddle::otherwise)) {
        case 0:
            std::cout << "tick\n";
            tick = every.next();
            break;
        case 1:
            std::cout << "BOOM!\n";
            co_return;
        default:
            std::cout << ".\n";
            co_await heddle::sleep(50ms);
        }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "tour/tick");
    heddle::run(bomb());
}
