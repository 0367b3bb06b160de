// SPDX-License-Identifier: BSL-1.0
// Hoare's first program: a task copies the characters that the west sends to the east.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> west(heddle::sender<char> out) {
    for (char c; std::cin.get(c);)
        co_await out.send(c);
    out.close();
}

heddle::task<> copy(heddle::receiver<char> in, heddle::sender<char> out) {
    while (auto c = co_await in.receive())
        co_await out.send(*c);
    out.close();
}

heddle::task<> east(heddle::receiver<char> in) {
    while (auto c = co_await in.receive())
        std::cout.put(*c);
}

heddle::task<> copy_all() {
    heddle::channel<char> from_west, to_east;
    heddle::go(west, from_west);
    heddle::go(copy, from_west, to_east);
    co_await east(to_east);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/copy <FILE");
    heddle::run(copy_all());
}
