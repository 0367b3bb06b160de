// SPDX-License-Identifier: BSL-1.0
// An actor is the only task that writes into the cup; other tasks send it requests.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> brew(std::string order, std::string& cup) {
    std::cout << "making " << order << '\n';
    cup.assign(15, ' ');
    for (std::size_t i = 0; i < order.size(); ++i) {
        cup[i] = order[i];
        co_await heddle::sleep(10ms);
    }
}

struct request {
    std::string order;
    heddle::channel<std::string> reply;  // nil if no reply is wanted
};

heddle::task<> barista(heddle::receiver<request> requests) {
    std::string cup;
    while (auto r = co_await requests.receive()) {
        co_await brew(r->order, cup);
        if (r->reply != nullptr)
            co_await r->reply.send(cup);
    }
}

heddle::task<> customer(std::string order, heddle::sender<request> requests) {
    co_await requests.emplace(order, nullptr);
    std::cout << "ordered " << order << '\n';  // it does not wait for the coffee
}

heddle::task<> coffee() {
    heddle::channel<request> requests(4);
    heddle::go(barista, requests);
    heddle::wait_group customers;
    for (auto order : {"cappuccino", "flat white", "espresso"})
        customers.go(customer, order, requests);
    co_await customers.wait();

    heddle::channel<std::string> reply;
    co_await requests.emplace("latte", reply);
    std::cout << "ordered latte\n";
    std::cout << *co_await reply.receive() << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "coffee/actor");
    heddle::run(coffee());
}
