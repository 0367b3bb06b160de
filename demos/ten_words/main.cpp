// SPDX-License-Identifier: BSL-1.0
// Ten tasks say a word each, and the scheduler alone decides the order.
// main.go is the same program in Go; both print expected.txt, in some order.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

heddle::task<> say(std::string word) {
    std::cout << word << '\n';
    co_return;
}

heddle::task<> ten_words() {
    heddle::wait_group wg;
    for (auto word : {"a", "thread", "that", "rises", "and", "falls", "is", "a",
                      "pattern", "somewhere"})
        wg.go(say, word);
    co_await wg.wait();
}

int main(int argc, char** argv) {
    read_options(argc, argv, "ten_words   (another order: HEDDLE_SEED=1 ten_words)");
    heddle::run(ten_words());
}
