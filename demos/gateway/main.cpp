// SPDX-License-Identifier: BSL-1.0
// A gateway refuses a client that sends too many requests, and spreads those of all clients for the server behind it.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/resilience.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> serve(heddle::receiver<std::string> requests) {
    heddle::keyed_rate_limiter<std::string> each_client(1, 600ms, 2);  // two at once
    heddle::rate_limiter server(20, 1s);                               // one each 50 ms
    auto start = heddle::now();
    while (auto client = co_await requests.receive()) {
        bool welcome = each_client.try_acquire(*client);
        if (welcome)
            co_await server.acquire();
        std::cout << *client << (welcome ? " is served" : " is refused") << " at "
                  << (heddle::now() - start) / 1ms << " ms\n";
    }
}

heddle::task<> gateway() {
    heddle::channel<std::string> requests(10);
    auto serving = heddle::go(serve, requests);
    for (std::string client : {"ann", "ann", "ann", "bob", "bob", "cid"})
        co_await requests.send(client);
    co_await heddle::sleep(700ms);
    co_await requests.send("ann");  // one more is allowed by now, and no other
    co_await requests.send("ann");
    requests.close();
    co_await serving;
}

int main(int argc, char** argv) {
    read_options(argc, argv, "gateway");
    heddle::run(gateway());
}
