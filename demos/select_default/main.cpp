// SPDX-License-Identifier: BSL-1.0
// Select takes an arm that is ready, else the default, else it waits; and it is fair.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::task<> look(heddle::receiver<int> ch1, heddle::receiver<int> ch2) {
    std::optional<int> v;
    switch (
        co_await heddle::select(ch1.receive(v), ch2.receive(v), heddle::otherwise)) {
    case 0:
        std::cout << "channel 1 sends " << *v << '\n';
        break;
    case 1:
        std::cout << "channel 2 sends " << *v << '\n';
        break;
    default:
        std::cout << "neither channel was ready\n";
    }
}

heddle::task<> send_later(heddle::sender<int> ch) {
    co_await heddle::sleep(10ms);
    co_await ch.send(3);
}

heddle::task<> select_default() {
    heddle::channel<int> ch1(1), ch2(1);
    co_await look(ch1, ch2);
    co_await ch1.send(1);
    co_await look(ch1, ch2);
    co_await ch2.send(2);
    co_await look(ch1, ch2);

    heddle::go(send_later, ch2);  // without a default, select waits for the value
    std::optional<int> v;
    if (co_await heddle::select(ch1.receive(v), ch2.receive(v)) == 1)
        std::cout << "channel 2 was waited for and sends " << *v << '\n';

    const int picks = 500'000;  // half a percent of these is seven standard deviations
    int first = 0;
    co_await ch1.send(0);
    co_await ch2.send(0);
    for (int i = 0; i < picks; ++i)
        switch (co_await heddle::select(ch1.receive(v), ch2.receive(v))) {
        case 0:
            ++first;
            co_await ch1.send(0);
            break;
        case 1:
            co_await ch2.send(0);
            break;
        }
    std::cout << "with both ready, channel 1 is picked "
              << (100 * first + picks / 2) / picks << " % of the time\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "select_default");
    heddle::run(select_default());
}
