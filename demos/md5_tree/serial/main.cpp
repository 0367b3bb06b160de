// SPDX-License-Identifier: BSL-1.0
// The MD5 sums of all files of a tree, one file after the other.
// The same program in Go: main.go. Both print what find -type f and md5sum print, sorted.
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
