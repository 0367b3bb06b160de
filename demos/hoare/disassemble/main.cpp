// SPDX-License-Identifier: BSL-1.0
// A task takes cards of 80 columns and sends their characters, with a space after each card.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

// Each line of the input is a card, filled up with spaces, or cut.
heddle::task<> cardfile(heddle::sender<std::string> out) {
    for (std::string line; std::getline(std::cin, line);) {
        line.resize(80, ' ');
        co_await out.send(line);
    }
    out.close();
}

heddle::task<> disassemble(heddle::receiver<std::string> cards,
                           heddle::sender<char> out) {
    while (auto cardimage = co_await cards.receive()) {
        for (char c : *cardimage)
            co_await out.send(c);
        co_await out.send(' ');
    }
    out.close();
}

heddle::task<> east(heddle::receiver<char> in) {
    while (auto c = co_await in.receive())
        std::cout.put(*c);
}

heddle::task<> disassemble_all() {
    heddle::channel<std::string> cards;
    heddle::channel<char> characters;
    heddle::go(cardfile, cards);
    heddle::go(disassemble, cards, characters);
    co_await east(characters);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/disassemble <FILE");
    heddle::run(disassemble_all());
}
