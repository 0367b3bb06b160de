// SPDX-License-Identifier: BSL-1.0
// A crawler fetches pages in parallel, each page once, because the set of seen pages has one owner.
// main.go is the same program in Go; both print expected.txt, in some order.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct page {
    std::string body;
    std::vector<std::string> urls;
};

const std::map<std::string, page> the_web = {
    {"https://golang.org/",
     {"The Go Programming Language",
      {"https://golang.org/pkg/", "https://golang.org/cmd/"}}},
    {"https://golang.org/pkg/",
     {"Packages",
      {"https://golang.org/", "https://golang.org/cmd/", "https://golang.org/pkg/fmt/",
       "https://golang.org/pkg/os/"}}},
    {"https://golang.org/pkg/fmt/",
     {"Package fmt", {"https://golang.org/", "https://golang.org/pkg/"}}},
    {"https://golang.org/pkg/os/",
     {"Package os", {"https://golang.org/", "https://golang.org/pkg/"}}},
};

struct links {
    std::vector<std::string> urls;
    int depth;
};

heddle::task<> fetch(std::string url, int depth, heddle::sender<links> found) {
    co_await heddle::sleep(100ms);
    auto page = the_web.find(url);
    if (page == the_web.end()) {
        std::cout << "not found: " << url << '\n';
        co_await found.emplace(std::vector<std::string>(), depth);
        co_return;
    }
    std::cout << "found: " << url << " \"" << page->second.body << "\"\n";
    co_await found.emplace(page->second.urls, depth);
}

heddle::task<> crawl(std::string url, int depth) {
    auto start = heddle::now();
    heddle::channel<links> found;
    std::set<std::string> seen = {url};
    heddle::go(fetch, url, depth, found);
    for (int fetching = 1; fetching > 0; --fetching) {
        auto next = co_await found.receive();
        if (next->depth == 1)
            continue;
        for (auto& u : next->urls)
            if (seen.insert(u).second) {
                heddle::go(fetch, u, next->depth - 1, found);
                ++fetching;
            }
    }
    std::cerr << seen.size() << " pages took " << (heddle::now() - start) / 1ms
              << " ms\n";
}

int main(int argc, char** argv) {
    int depth = 4;
    read_options(argc, argv, "crawler [--depth N]", {{"depth", depth}});
    heddle::run(crawl("https://golang.org/", depth));
}
