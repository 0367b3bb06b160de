// SPDX-License-Identifier: BSL-1.0
// The speaker answers on the quit channel once it has cleaned up; main ends only then.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::receiver<std::string> boring(std::string msg,
                                     heddle::channel<std::string> quit) {
    heddle::channel<std::string> c;
    heddle::go([=]() -> heddle::task<> {
        for (int i = 0;; ++i) {
            auto s = msg + ' ' + std::to_string(i);
            std::optional<std::string> asked;
            if (co_await heddle::select(c.send(s), quit.receive(asked)) == 1) {
                co_await heddle::sleep(random_below(100ms));
                std::cout << "cleaned up after " << *asked << '\n';
                co_await quit.send("See you!");
                co_return;
            }
            co_await heddle::sleep(random_below(100ms));
        }
    });
    return c;
}

heddle::task<> listen() {
    heddle::channel<std::string> quit;
    auto joe = boring("Joe", quit);
    for (int i = 0; i < 3; ++i) {
        auto s = co_await joe.receive();
        std::cout << *s << '\n';
    }
    co_await quit.send("Bye!");
    auto answer = co_await quit.receive();
    std::cout << "Joe says: \"" << *answer << "\"\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/quit_answer");
    heddle::run(listen());
}
