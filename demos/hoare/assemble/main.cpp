// SPDX-License-Identifier: BSL-1.0
// A task prints a stream of characters in lines of 125, and fills the last line with spaces.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

heddle::task<> west(heddle::sender<char> out) {
    for (char c; std::cin.get(c);)
        if (c != '\n')
            co_await out.send(c);
    out.close();
}

heddle::task<> assemble(heddle::receiver<char> in, heddle::sender<std::string> lines) {
    std::string lineimage;
    while (auto c = co_await in.receive()) {
        lineimage += *c;
        if (lineimage.size() == 125) {
            co_await lines.send(lineimage);
            lineimage.clear();
        }
    }
    if (!lineimage.empty()) {
        lineimage.resize(125, ' ');
        co_await lines.send(lineimage);
    }
    lines.close();
}

heddle::task<> lineprinter(heddle::receiver<std::string> lines) {
    while (auto lineimage = co_await lines.receive())
        std::cout << *lineimage << '\n';
}

heddle::task<> assemble_all() {
    heddle::channel<char> characters;
    heddle::channel<std::string> lines;
    heddle::go(west, characters);
    heddle::go(assemble, characters, lines);
    co_await lineprinter(lines);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/assemble <FILE");
    heddle::run(assemble_all());
}
