// SPDX-License-Identifier: BSL-1.0
// A search asks all servers at once, and shows the results that it has after 80 ms.
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

heddle::task<std::vector<std::string>> google(std::string query,
                                              heddle::wait_group& asked) {
    heddle::channel<std::string> c(3);  // room for late results
    for (auto kind : {"web", "image", "video"})
        asked.go(ask, kind, query, c);

    std::vector<std::string> results;
    std::optional<std::string> r;
    auto timeout = heddle::after(80ms);
    for (int i = 0; i < 3; ++i)
        switch (co_await heddle::select(c.receive(r), timeout)) {
        case 0:
            results.push_back(*r);
            break;
        case 1:
            std::cout << "timed out\n";
            co_return results;
        }
    co_return results;
}

heddle::task<> searches(int runs) {
    heddle::wait_group asked;
    for (int i = 0; i < runs; ++i) {
        auto start = heddle::now();
        auto results = co_await google("golang", asked);
        for (auto& r : results)
            std::cout << r << '\n';
        std::cout << "elapsed " << (heddle::now() - start) / 1us << " us\n";
    }
    co_await asked.wait();  // late servers too
}

int main(int argc, char** argv) {
    int runs = 1;
    read_options(argc, argv, "google/2_1 [--runs N]", {{"runs", runs}});
    heddle::run(searches(runs));
}
