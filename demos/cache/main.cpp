// SPDX-License-Identifier: BSL-1.0
// A cache fetches a page once for all who ask for it at the same time, and readers share its lock while they wait.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/resilience.hpp>

#include <iostream>
#include <map>
#include <string>

using namespace std::chrono_literals;

struct cache {
    heddle::shared_mutex lock;
    std::map<std::string, std::string> pages;  // guarded by lock
    heddle::single_flight<std::string, std::string> flights;
    int fetched = 0;
};

heddle::task<std::string> fetch(cache& c, std::string url) {
    ++c.fetched;
    co_await heddle::sleep(100ms);
    auto writing = co_await c.lock.lock();
    co_return c.pages[url] = "the page of " + url;
}

// A client reads slowly.
heddle::task<> transmit(const std::string&) { co_await heddle::sleep(40ms); }

// A page is transmitted from the cache without a copy of it, so it must not change meanwhile.
heddle::task<> serve(cache& c, std::string url) {
    {
        auto reading = co_await c.lock.lock_shared();
        auto found = c.pages.find(url);
        if (found != c.pages.end()) {
            co_await transmit(found->second);
            co_return;
        }
    }
    auto page = co_await c.flights.call(url, fetch, std::ref(c), url);
    co_await transmit(page);
}

heddle::task<> serve_three(cache& c) {
    c.fetched = 0;
    auto start = heddle::now();
    heddle::wait_group clients;
    for (int i = 0; i < 3; ++i)
        clients.go(serve, std::ref(c), "go.example");
    co_await clients.wait();
    std::cout << "3 clients are served, " << c.fetched << " pages fetched, after "
              << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> clear(cache& c, heddle::time_point start) {
    auto writing = co_await c.lock.lock();
    c.pages.clear();
    std::cout << "the cache is cleared after " << (heddle::now() - start) / 1ms
              << " ms\n";
}

heddle::task<> use_cache() {
    cache c;
    co_await serve_three(c);  // it is empty
    co_await serve_three(c);
    heddle::wait_group clients;
    auto start = heddle::now();
    clients.go(serve, std::ref(c), "go.example");
    co_await heddle::sleep(10ms);
    co_await clear(c, start);  // it waits for the client that reads
    co_await clients.wait();
    co_await serve_three(c);  // it is empty again
}

int main(int argc, char** argv) {
    read_options(argc, argv, "cache");
    heddle::run(use_cache());
}
