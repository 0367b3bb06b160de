// SPDX-License-Identifier: BSL-1.0
// Four tasks write into one cup, one at a time: the task that holds the mutex.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> brew(std::string order, std::string& cup, heddle::mutex& mutex) {
    auto locked = co_await mutex.lock();
    std::cout << "making " << order << '\n';
    cup.assign(15, ' ');
    for (std::size_t i = 0; i < order.size(); ++i) {
        cup[i] = order[i];
        co_await heddle::sleep(10ms);
    }
}

heddle::task<> coffee() {
    std::string cup;
    heddle::mutex mutex;
    heddle::wait_group orders;
    for (auto order : {"cappuccino", "flat white", "espresso", "latte"})
        orders.go(brew, order, std::ref(cup), std::ref(mutex));
    co_await orders.wait();
    std::cout << cup << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "coffee/mutex");
    heddle::run(coffee());
}
