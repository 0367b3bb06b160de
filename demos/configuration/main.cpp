// SPDX-License-Identifier: BSL-1.0
// Services follow a configuration: a watch gives each the latest one, and a broadcast tells logs of every change.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

struct config {
    int limit;
};

std::string since(heddle::time_point start) {
    return std::to_string((heddle::now() - start) / 1ms) + " ms";
}

// This takes 230 ms for each configuration, and skips those that were replaced meanwhile.
heddle::task<std::string> server(heddle::watcher<config> latest) {
    std::string used;
    auto start = heddle::now();
    while (auto c = co_await latest.next()) {
        used += ' ' + std::to_string(c->limit) + " at " + since(start);
        co_await heddle::sleep(230ms);
    }
    co_return used;
}

heddle::task<std::string> alarm_bell(heddle::watcher<config> latest) {
    auto start = heddle::now();
    auto c =
        co_await latest.wait_for([](const config& each) { return each.limit > 35; });
    co_return ' ' + std::to_string(c->limit) + " at " + since(start);
}

// A backup is made when nothing has changed for 150 ms.
heddle::task<std::string> back_up(heddle::watcher<config> latest) {
    auto start = heddle::now();
    enum { changed, quiet };
    for (std::size_t what = changed; what == changed;)
        what = co_await heddle::select(latest.changed(), heddle::after(150ms));
    co_return ' ' + std::to_string(latest.get()->limit) + " at " + since(start);
}

// A log that takes longer for each change than the broadcast keeps it loses some.
heddle::task<std::string> keep_log(heddle::subscription<int> changes,
                                   heddle::duration work) {
    std::string kept;
    while (auto limit = co_await changes.receive()) {
        kept += ' ' + std::to_string(*limit);
        co_await heddle::sleep(work);
    }
    co_return kept + ", " + std::to_string(changes.lost()) + " lost";
}

heddle::task<> configure() {
    heddle::watch<config> current(config{10});
    heddle::broadcast<int> changes(2);  // it keeps the last two
    auto served = heddle::go(server, current.subscribe());
    auto rang = heddle::go(alarm_bell, current.subscribe());
    auto saved = heddle::go(back_up, current.subscribe());
    auto logged = heddle::go(keep_log, changes.subscribe(), 0ms);
    auto archived = heddle::go(keep_log, changes.subscribe(), 240ms);

    for (int i = 0; i < 5; ++i) {
        co_await heddle::sleep(100ms);
        current.update([](config c) {
            c.limit += 10;
            return c;
        });
        co_await changes.send(current.get()->limit);
    }
    co_await heddle::sleep(200ms);
    current.close();
    changes.close();

    std::string line = co_await served;
    std::cout << "server:" << line << '\n';
    line = co_await rang;
    std::cout << "alarm:" << line << '\n';
    line = co_await saved;
    std::cout << "backup:" << line << '\n';
    line = co_await logged;
    std::cout << "log:" << line << '\n';
    line = co_await archived;
    std::cout << "archive:" << line << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "configuration");
    heddle::run(configure());
}
