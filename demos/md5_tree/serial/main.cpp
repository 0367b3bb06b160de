// SPDX-License-Identifier: BSL-1.0
// The program computes the MD5 sums of all files of a tree, one file after the other.
// main.go is the same program in Go; both print the sorted output of find -type f and md5sum.
#include "../../options.hpp"
#include "../md5.hpp"

heddle::task<table> md5_all(fs::path root) {
    table sums;
    for (walk files(root); auto path = files.next();)
        sums[path->string()] = co_await md5_of(*path);
    co_return sums;
}

heddle::task<> serial(fs::path root) { print(co_await md5_all(root)); }

int main(int argc, char** argv) {
    bool stats = false;
    auto dir = read_options(argc, argv, "md5_tree/serial DIR [--stats]",
                            {{"stats", stats}}, 1, 1);
    int status = 0;
    try {
        heddle::run(serial(dir[0]));
    } catch (const std::exception& e) {
        std::cerr << "md5_tree: " << e.what() << '\n';
        status = 1;
    }
    if (stats)
        print_stats();
    return status;
}
