// SPDX-License-Identifier: BSL-1.0
// Cards of 80 columns become lines of 125 characters by tasks that were written for other programs.
// With --squash it is Conway's problem: the task between them squashes. main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

heddle::task<> disassemble(heddle::sender<char> out) {
    for (std::string cardimage; std::getline(std::cin, cardimage);) {
        cardimage.resize(80, ' ');
        cardimage += ' ';
        for (char c : cardimage)
            co_await out.send(c);
    }
    out.close();
}

heddle::task<> copy(heddle::receiver<char> in, heddle::sender<char> out) {
    while (auto c = co_await in.receive())
        co_await out.send(*c);
    out.close();
}

heddle::task<> squash(heddle::receiver<char> in, heddle::sender<char> out) {
    while (auto c = co_await in.receive()) {
        if (*c != '*') {
            co_await out.send(*c);
            continue;
        }
        c = co_await in.receive();  // no asterisk is the last character
        if (*c == '*') {
            co_await out.send('^');
            continue;
        }
        co_await out.send('*');
        co_await out.send(*c);
    }
    out.close();
}

heddle::task<> assemble(heddle::receiver<char> in) {
    std::string lineimage;
    while (auto c = co_await in.receive()) {
        lineimage += *c;
        if (lineimage.size() == 125) {
            std::cout << lineimage << '\n';
            lineimage.clear();
        }
    }
    if (!lineimage.empty()) {
        lineimage.resize(125, ' ');
        std::cout << lineimage << '\n';
    }
}

heddle::task<> reformat(bool squashed) {
    heddle::channel<char> west, east;
    heddle::go(disassemble, west);
    heddle::go(squashed ? squash : copy, west, east);
    co_await assemble(east);
}

int main(int argc, char** argv) {
    bool squashed = false;
    read_options(argc, argv, "hoare/reformat [--squash] <FILE", {{"squash", squashed}});
    heddle::run(reformat(squashed));
}
