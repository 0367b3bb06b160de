// SPDX-License-Identifier: BSL-1.0
// A pool lends two connections to clients in the order in which they ask, and closes one that lies too long.
// main.go is the same program in Go, which has no pool; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/pool.hpp>

#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

heddle::time_point start;

void log(const std::string& what) {
    std::cout << what << " at " << (heddle::now() - start) / 1ms << " ms\n";
}

class connection {
public:
    explicit connection(int n) : number_(n) { log(name() + " opens"); }
    connection(connection&& o) noexcept : number_(std::exchange(o.number_, 0)) {}
    ~connection() {
        if (number_)
            log(name() + " closes");
    }
    std::string name() const { return "connection " + std::to_string(number_); }

private:
    int number_;
};

heddle::task<connection> make_connection() {
    static int opened = 0;
    int number = ++opened;
    co_await heddle::sleep(50ms);
    co_return connection(number);
}

heddle::task<> ask(heddle::pool<connection>& pool, std::string client) {
    auto mine = co_await pool.take();
    log(client + " has " + mine->name());
    co_await heddle::sleep(100ms);
    if (client == "cat") {
        log(client + " finds it broken");
        mine.discard();
    }
}

heddle::task<> serve() {
    start = heddle::now();
    heddle::pool<connection> pool(make_connection, {.limit = 2, .idle = 200ms});
    heddle::wait_group clients;
    for (auto client : {"ann", "bob", "cat", "dan", "eve"}) {
        clients.go(ask, std::ref(pool), std::string(client));
        co_await heddle::sleep(10ms);
    }
    co_await clients.wait();
    co_await heddle::sleep(300ms);
    log("the end");
}

int main(int argc, char** argv) {
    read_options(argc, argv, "connection_pool");
    heddle::run(serve());
}
