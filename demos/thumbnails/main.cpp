// SPDX-License-Identifier: BSL-1.0
// Photos are made smaller, three at a time, and stored, two at a time; the first failure stops the others.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// Counts the tasks that are inside at the same time.
struct crowd {
    int inside = 0, most = 0;
};

struct visit {
    explicit visit(crowd& c) : place(c) { c.most = std::max(c.most, ++c.inside); }
    visit(const visit&) = delete;
    ~visit() { --place.inside; }
    crowd& place;
};

// This takes 1 ms for each kB of the photo.
heddle::task<int> shrink(crowd& c, int photo) {
    visit here(c);
    co_await heddle::sleep(photo * 1ms);
    co_return photo / 10;
}

heddle::task<> store(int thumbnail, std::vector<int>& disk) {
    if (thumbnail == 0) {
        co_await heddle::sleep(5ms);
        throw std::runtime_error("a thumbnail is empty");
    }
    co_await heddle::sleep(20ms);
    disk.push_back(thumbnail);
}

heddle::task<> make_thumbnails(std::vector<int> photos) {
    crowd c;
    std::vector<int> disk;
    auto start = heddle::now();
    auto thumbnails = co_await heddle::map_parallel(
        photos, 3, [&](int photo) { return shrink(c, photo); });
    std::cout << "thumbnails:";
    for (int each : thumbnails)
        std::cout << ' ' << each;
    std::cout << " after " << (heddle::now() - start) / 1ms << " ms, " << c.most
              << " at a time\n";

    start = heddle::now();
    std::string ending;
    try {
        co_await heddle::for_each_parallel(thumbnails, 2,
                                           [&](int each) { return store(each, disk); });
    } catch (const std::runtime_error& e) {
        ending = std::string(", ") + e.what();
    }
    std::cout << disk.size() << " are stored after " << (heddle::now() - start) / 1ms
              << " ms" << ending << '\n';
}

heddle::task<> develop() {
    std::vector<int> album{60, 50, 40, 30, 20, 10};
    co_await make_thumbnails(album);
    album = {30, 20, 5, 10, 20, 30};  // the third is too small
    co_await make_thumbnails(album);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "thumbnails");
    heddle::run(develop());
}
