// SPDX-License-Identifier: BSL-1.0
// A call that blocks would stop every task of its thread; go_blocking runs it on a thread of its own.
// main.go is the same program in Go, whose runtime does that for every call; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <array>
#include <iostream>
#include <system_error>
#include <unistd.h>

using namespace std::chrono_literals;

char read_byte(int from) {  // blocks until there is a byte
    char byte = 0;
    if (::read(from, &byte, 1) != 1)
        throw std::system_error(errno, std::system_category(), "read");
    return byte;
}

void write_byte(int to, char byte) {
    if (::write(to, &byte, 1) != 1)
        throw std::system_error(errno, std::system_category(), "write");
}

heddle::task<> tick(int to) {
    heddle::ticker every(10ms);
    for (int i = 1; i <= 3; ++i) {
        co_await every.next();
        std::cout << "tick " << i << '\n';
    }
    write_byte(to, '!');  // the reader can go on only now
}

heddle::task<> blocking() {
    std::array<int, 2> ends;
    if (::pipe(ends.data()) != 0)
        throw std::system_error(errno, std::system_category(), "pipe");
    heddle::go(tick, ends[1]);
    std::cout << "reading\n";
    char byte = co_await heddle::go_blocking(read_byte, ends[0]);
    std::cout << "read " << byte << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "blocking");
    heddle::run(blocking());
}
