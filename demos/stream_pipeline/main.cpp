// SPDX-License-Identifier: BSL-1.0
// A stream yields lines when its reader asks; operators count the words of four lines at
// a time. main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/streams.hpp>

#include <functional>
#include <iostream>
#include <sstream>
#include <string>

using namespace std::chrono_literals;
namespace streams = heddle::streams;

heddle::stream<std::string> verses() {
    std::istringstream text(
        "the shuttle flies\n\nthe loom is still\nthread over thread\n"
        "\nuntil the cloth\nis done\n");
    for (std::string line; std::getline(text, line);) {
        co_await heddle::sleep(1ms);  // a stream may wait
        co_yield line;
    }
}

bool has_text(const std::string& line) { return !line.empty(); }

/// Takes longer for a short line: the results keep the order of the lines.
heddle::task<int> count_words(std::string line) {
    std::istringstream in(line);
    int n = 0;
    for (std::string word; in >> word;)
        ++n;
    co_await heddle::sleep((10 - n) * 1ms);
    co_return n;
}

heddle::task<> count() {
    auto numbered = verses() | streams::filter(has_text) |
                    streams::map_parallel(4, count_words) | streams::enumerate();
    int sum = 0;
    while (auto line = co_await numbered.next()) {
        std::cout << "line " << line->first + 1 << ": " << line->second << " words\n";
        sum += line->second;
    }
    auto two = verses() | streams::filter(has_text) | streams::take(2) |
               streams::map(count_words) | streams::fold(0, std::plus<>());
    int first = co_await std::move(two);
    std::cout << "in all " << sum << ", in the first two " << first << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "stream_pipeline");
    heddle::run(count());
}
