// SPDX-License-Identifier: BSL-1.0
// Ten tasks say a word each, and nothing but the scheduler decides in which order.
// The same program in Go: main.go. Both print expected.txt, in some order.
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
