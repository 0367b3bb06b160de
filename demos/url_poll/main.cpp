// SPDX-License-Identifier: BSL-1.0
// Tasks share memory by communicating: a resource belongs to the task that received it, the states to a monitor.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <string>

using namespace std::chrono_literals;

struct resource {
    std::string url;
    int errors = 0;
};
using resource_ptr = std::unique_ptr<resource>;

struct state {
    std::string url, status;
};

heddle::task<> state_monitor(heddle::receiver<state> updates) {
    std::map<std::string, std::string> statuses;
    heddle::ticker every(500ms);
    auto tick = every.next();
    for (std::optional<state> s;;)
        switch (co_await heddle::select(tick, updates.receive(s))) {
        case 0:
            std::cout << "Current state:\n";
            for (auto& [url, status] : statuses)
                std::cout << url << ' ' << status << '\n';
            tick = every.next();
            break;
        case 1:
            statuses[s->url] = s->status;
        }
}

// This stands for an HTTP request.
heddle::task<std::string> head(resource& r) {
    co_await heddle::sleep(50ms);
    if (r.url != "http://c.example") {
        r.errors = 0;
        co_return "200 OK";
    }
    ++r.errors;
    co_return "error " + std::to_string(r.errors);
}

heddle::task<> poller(heddle::receiver<resource_ptr> in,
                      heddle::sender<resource_ptr> out, heddle::sender<state> status) {
    while (auto r = co_await in.receive()) {
        auto s = co_await head(**r);
        co_await status.emplace((*r)->url, s);
        co_await out.send(std::move(*r));
    }
}

// The pause grows with the number of errors.
heddle::task<> sleep_before(resource_ptr r, heddle::sender<resource_ptr> done) {
    co_await heddle::sleep(300ms + r->errors * 100ms);
    co_await done.send(std::move(r));
}

heddle::task<> poll_all() {
    heddle::channel<resource_ptr> pending, complete;
    heddle::channel<state> status;
    heddle::go(state_monitor, status);
    for (int i = 0; i < 2; ++i)
        heddle::go(poller, pending, complete, status);
    for (auto url : {"http://a.example", "http://b.example", "http://c.example"})
        heddle::go([=]() -> heddle::task<> {
            co_await pending.send(std::make_unique<resource>(url));
        });
    while (auto r = co_await complete.receive())
        heddle::go(sleep_before, std::move(*r), pending);
}

heddle::task<> url_poll() {
    heddle::go(poll_all);
    co_await heddle::sleep(1600ms);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "url_poll");
    heddle::run(url_poll());
}
