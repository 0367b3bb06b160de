// SPDX-License-Identifier: BSL-1.0
// A quit channel tells the speaker to stop.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::receiver<std::string> boring(std::string msg, heddle::receiver<> quit,
                                     heddle::wait_group& speakers) {
    heddle::channel<std::string> c;
    speakers.go([=]() -> heddle::task<> {
        for (int i = 0;; ++i) {
            auto s = msg + ' ' + std::to_string(i);
            std::optional<heddle::unit> asked;
            if (co_await heddle::select(c.send(s), quit.receive(asked)) == 1)
                co_return;
            co_await heddle::sleep(random_below(100ms));
        }
    });
    return c;
}

heddle::task<> listen() {
    heddle::channel<> quit;
    heddle::wait_group speakers;
    auto joe = boring("Joe", quit, speakers);
    for (int i = 0; i < 5; ++i) {
        auto s = co_await joe.receive();
        std::cout << *s << '\n';
    }
    co_await quit.send();
    co_await speakers.wait();
    std::cout << "Joe has stopped\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "boring/quit");
    heddle::run(listen());
}
