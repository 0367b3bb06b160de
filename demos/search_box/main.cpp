// SPDX-License-Identifier: BSL-1.0
// A search box does not search for each key that is typed: operators on a stream of keys look at the time.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/streams.hpp>

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace streams = heddle::streams;

struct stroke {
    heddle::duration pause;  // before the key
    const char* text;        // in the box after it
};

heddle::task<> type_keys(heddle::sender<std::string> keys) {
    std::vector<stroke> strokes{{20ms, "s"},     {30ms, "se"},    {30ms, "sea"},
                                {150ms, "seal"}, {30ms, "seals"}, {30ms, "seal"}};
    for (auto& each : strokes) {
        co_await heddle::sleep(each.pause);
        co_await keys.emplace(each.text);
    }
    co_await heddle::sleep(150ms);
    keys.close();
}

heddle::receiver<std::string> keyboard() {
    heddle::channel<std::string> keys;
    heddle::go(type_keys, keys);
    return keys;
}

std::string join(std::vector<std::string> texts) {
    std::string all;
    for (auto& each : texts)
        all += (all.empty() ? "" : "+") + each;
    return all;
}

heddle::task<> show(std::string name, auto texts) {
    auto start = heddle::now();
    std::cout << name << ':';
    while (auto text = co_await texts.next())
        std::cout << ' ' << *text << " at " << (heddle::now() - start) / 1ms << " ms";
    std::cout << '\n';
}

heddle::task<> search() {
    // What was typed before a pause of 100 ms.
    co_await show("debounce", keyboard() | streams::debounce(100ms));
    // The latest text, every 160 ms, if there is a new one.
    co_await show("sample", keyboard() | streams::sample(160ms));
    // Each text, but at least 60 ms after the one before it.
    co_await show("throttle", keyboard() | streams::throttle(60ms));
    // Two texts together; or one, if the second takes longer than 100 ms.
    co_await show("chunks",
                  keyboard() | streams::chunks(2, 100ms) | streams::map(join));
}

int main(int argc, char** argv) {
    read_options(argc, argv, "search_box");
    heddle::run(search());
}
