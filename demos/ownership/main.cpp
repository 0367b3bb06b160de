// SPDX-License-Identifier: BSL-1.0
// A value that was sent belongs to the receiver: the sender waits for a receiver, and then has nothing.
// main.go is the same program in Go, where ownership is a convention; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using letter = std::unique_ptr<std::string>;

std::string has(const letter& l) { return l ? *l : "nothing"; }

heddle::task<> clerk(heddle::channel<letter> desk) {
    co_await heddle::sleep(50ms);
    auto l = *co_await desk.receive();
    *l += ", stamped";  // no other task has it
    co_await desk.send(std::move(l));
}

heddle::task<> author() {
    heddle::channel<letter> desk;
    auto l = std::make_unique<std::string>("a letter");
    if (co_await heddle::select(desk.send(std::move(l)), heddle::otherwise) == 1)
        std::cout << "nobody is there, the author has " << has(l) << '\n';

    auto start = heddle::now();
    heddle::go(clerk, desk);
    co_await desk.send(std::move(l));
    std::cout << "taken after " << (heddle::now() - start) / 1ms
              << " ms, the author has " << has(l) << '\n';
    l = *co_await desk.receive();
    std::cout << "back, the author has " << has(l) << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "ownership");
    heddle::run(author());
}
