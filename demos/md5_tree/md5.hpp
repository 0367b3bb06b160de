// SPDX-License-Identifier: BSL-1.0
// Shared by the md5_tree programs: a walk, the MD5 of a file, the table, and counts of files and bytes in use.
#pragma once

#include <heddle/heddle.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <openssl/evp.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

namespace fs = std::filesystem;
using md5 = std::array<unsigned char, 16>;
using table = std::map<std::string, md5>;  // in the order of bytes

// Counts things that are in use, and the most that ever were.
struct gauge {
    std::atomic<std::size_t> now{0}, peak{0};
    void add(std::size_t n) {
        auto sum = now += n;
        for (auto seen = peak.load();
             seen < sum && !peak.compare_exchange_weak(seen, sum);)
            ;
    }
};
struct held {
    held(gauge& g, std::size_t n) : in(g), count(n) { in.add(count); }
    held(const held&) = delete;
    ~held() { in.now -= count; }
    gauge& in;
    std::size_t count;
};
inline gauge files_open, bytes_held;
inline std::atomic<int> files_begun{0};

inline void print_stats() {
    std::cerr << "begun: " << files_begun << " files; at most " << files_open.peak
              << " open, " << bytes_held.peak << " bytes in memory\n";
}

// Finds the regular files at and below a path as find does: it follows no symbolic link.
// It reads directories in the task itself, as that is quick, but no files.
class walk {
public:
    explicit walk(fs::path root) {
        fs::directory_entry entry(root);
        if (fs::is_directory(entry.symlink_status()))
            at_ = fs::recursive_directory_iterator(root);
        else if (!fs::exists(entry.symlink_status()))
            throw fs::filesystem_error(
                "cannot walk", root,
                std::make_error_code(std::errc::no_such_file_or_directory));
        else if (fs::is_regular_file(entry.symlink_status()))
            single_ = root;
    }
    std::optional<fs::path> next() {
        if (single_)
            return std::exchange(single_, std::nullopt);
        while (at_ != fs::end(at_)) {
            auto entry = *at_;
            ++at_;
            if (!entry.is_symlink() && entry.is_regular_file())
                return entry.path();
        }
        return std::nullopt;
    }

private:
    std::optional<fs::path> single_;
    fs::recursive_directory_iterator at_;
};

// This call blocks. `data` has room for the size that the file had before.
inline md5 read_and_sum(fs::path path, std::string data) {
    auto fail = [&] {
        throw fs::filesystem_error("cannot read", path,
                                   std::error_code(errno, std::generic_category()));
    };
    held one(files_open, 1);
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                         std::fclose);
    if (!file)
        fail();
    std::size_t size = 0;
    while (auto n = std::fread(data.data() + size, 1, data.size() - size, file.get())) {
        size += n;
        if (size == data.size())
            data.resize(size + 4096);  // the file has grown
    }
    if (std::ferror(file.get()))
        fail();
    md5 sum;
    if (!EVP_Digest(data.data(), size, sum.data(), nullptr, EVP_md5(), nullptr))
        throw std::runtime_error("no MD5 here");
    return sum;
}

inline heddle::task<md5> md5_of(fs::path path) {
    ++files_begun;
    auto size = fs::file_size(path) + 1;  // one more, to see the end
    held memory(bytes_held, size);
    co_return co_await heddle::go_blocking(read_and_sum, path, std::string(size, '\0'));
}

// Prints the table as md5sum does.
inline void print(const table& sums) {
    for (const auto& [path, sum] : sums) {
        std::string name;
        for (char c : path)
            name += c == '\\'   ? "\\\\"
                    : c == '\n' ? "\\n"
                    : c == '\r' ? "\\r"
                                : std::string(1, c);
        if (name != path)
            std::cout << '\\';
        for (unsigned byte : sum)
            std::cout << "0123456789abcdef"[byte / 16] << "0123456789abcdef"[byte % 16];
        std::cout << "  " << name << '\n';
    }
}
