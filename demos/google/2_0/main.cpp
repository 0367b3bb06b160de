// SPDX-License-Identifier: BSL-1.0
// A search asks all servers at once, and waits for the slowest of them.
// main.go is the same program in Go.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

heddle::task<std::string> search(std::string kind, std::string query) {
    co_await heddle::sleep(random_below(100ms));
    co_return kind + " result for " + query;
}

heddle::task<> ask(std::string kind, std::string query, heddle::sender<std::string> c) {
    auto result = co_await search(kind, query);
    co_await c.send(result);
}

heddle::task<std::vector<std::string>> google(std::string query) {
    heddle::channel<std::string> c;
    for (auto kind : {"web", "image", "video"})
        heddle::go(ask, kind, query, c);

    std::vector<std::string> results;
    for (int i = 0; i < 3; ++i)
        results.push_back(*co_await c.receive());
    co_return results;
}

heddle::task<> searches(int runs) {
    for (int i = 0; i < runs; ++i) {
        auto start = heddle::now();
        auto results = co_await google("golang");
        for (auto& r : results)
            std::cout << r << '\n';
        std::cout << "elapsed " << (heddle::now() - start) / 1us << " us\n";
    }
}

int main(int argc, char** argv) {
    int runs = 1;
    read_options(argc, argv, "google/2_0 [--runs N]", {{"runs", runs}});
    heddle::run(searches(runs));
}
