// SPDX-License-Identifier: BSL-1.0
// A task sends each pair of asterisks on as one arrow, ^.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> west(heddle::sender<char> out) {
    for (char c; std::cin.get(c);)
        co_await out.send(c);
    out.close();
}

heddle::task<> squash(heddle::receiver<char> in, heddle::sender<char> out) {
    while (auto c = co_await in.receive()) {
        if (*c != '*') {
            co_await out.send(*c);
            continue;
        }
        c = co_await in.receive();
        if (c == '*') {
            co_await out.send('^');
            continue;
        }
        co_await out.send('*');
        if (c)  // an asterisk may be the last character
            co_await out.send(*c);
    }
    out.close();
}

heddle::task<> east(heddle::receiver<char> in) {
    while (auto c = co_await in.receive())
        std::cout.put(*c);
}

heddle::task<> squash_all() {
    heddle::channel<char> from_west, to_east;
    heddle::go(west, from_west);
    heddle::go(squash, from_west, to_east);
    co_await east(to_east);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/squash <FILE");
    heddle::run(squash_all());
}
