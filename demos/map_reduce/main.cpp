// SPDX-License-Identifier: BSL-1.0
// Mappers count the words of pieces of text, and reducers add up the counts, each for its own words.
// main.go is the same program in Go; both print the output of tr, sort and uniq -c for these files.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using counts = std::map<std::string, long>;

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string read_file(std::string path) try {  // this call blocks
    std::ifstream file;
    file.exceptions(std::ios::badbit | std::ios::failbit);
    file.open(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
} catch (const std::ios::failure&) {
    throw std::runtime_error("cannot read " + path);
}

counts count_words(std::string text) {  // this call computes for long
    counts words;
    std::string word;
    for (char c : text + '\n')
        if (letter(c)) {
            word += static_cast<char>(c | 0x20);  // in lower case
        } else if (!word.empty()) {
            ++words[word];
            word.clear();
        }
    return words;
}

heddle::task<> split(std::vector<std::string> files,
                     heddle::sender<std::string> pieces) {
    for (const auto& file : files) {
        auto text = co_await heddle::go_blocking(read_file, file);
        for (std::size_t from = 0, to; from < text.size(); from = to) {
            to = std::min(from + 4096, text.size());
            while (to < text.size() && letter(text[to]))
                ++to;
            co_await pieces.emplace(text, from, to - from);
        }
    }
    pieces.close();
}

heddle::task<> map(heddle::receiver<std::string> pieces,
                   std::vector<heddle::channel<counts>> reducers) {
    while (auto piece = co_await pieces.receive()) {
        auto words = co_await heddle::go_blocking(count_words, *piece);
        std::vector<counts> parts(reducers.size());
        for (const auto& [word, n] : words)
            parts[std::hash<std::string>()(word) % parts.size()][word] = n;
        for (std::size_t i = 0; i < parts.size(); ++i)
            co_await reducers[i].send(parts[i]);
    }
}

heddle::task<> reduce(heddle::receiver<counts> parts, heddle::sender<counts> result) {
    counts sum;
    while (auto part = co_await parts.receive())
        for (const auto& [word, n] : *part)
            sum[word] += n;
    co_await result.send(sum);
}

heddle::task<counts> map_reduce(std::vector<std::string> files, int mappers,
                                int reducers) {
    heddle::channel<std::string> pieces;
    heddle::go(split, files, pieces);

    std::vector<heddle::channel<counts>> parts(static_cast<std::size_t>(reducers));
    heddle::channel<counts> result;
    for (const auto& part : parts)
        heddle::go(reduce, part, result);

    heddle::wait_group mapping;
    for (int i = 0; i < mappers; ++i)
        mapping.go(map, pieces, parts);
    co_await mapping.wait();
    for (const auto& part : parts)
        part.close();

    counts all;
    for (int i = 0; i < reducers; ++i)
        all.merge(*co_await result.receive());  // no word is in two results
    co_return all;
}

int main(int argc, char** argv) {
    int mappers = 8, reducers = 4;
    auto files = read_options(
        argc, argv, "map_reduce [-m MAPPERS] [-r REDUCERS] FILE...",
        {{"m", mappers}, {"r", reducers}}, 1, std::numeric_limits<int>::max());
    try {
        for (const auto& [word, n] : heddle::run(map_reduce(files, mappers, reducers)))
            std::cout << std::setw(7) << n << ' ' << word << '\n';
    } catch (const std::runtime_error& e) {
        std::cerr << "map_reduce: " << e.what() << '\n';
        return 1;
    }
}
