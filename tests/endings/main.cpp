// SPDX-License-Identifier: BSL-1.0
// Programs whose end, or what they say on stderr, is what is tested: check.sh.
#include <heddle/heddle.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using asio::ip::tcp;
using heddle::task;

namespace {

task<> consumer(heddle::receiver<int> jobs) {
    heddle::this_task::name("consumer");
    while (auto job = co_await jobs.receive())
        std::printf("%d\n", *job);
}

task<> starve() {
    std::cout << "from iostream\n";
    std::puts("from stdio");
    heddle::channel<int> jobs;
    jobs.name("jobs");
    heddle::this_task::name("main");
    auto reader = heddle::go(consumer, jobs);
    jobs = nullptr;
    co_await reader;
}

/// Leaves one task that waits for a peer and one that waits for ever, while I/O is pending.
task<> leak() {
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), 0});
    heddle::go(
        [](tcp::acceptor at) -> task<> {
            heddle::this_task::name("acceptor");
            auto peer = co_await at.async_accept(heddle::use_task);
        },
        std::move(acceptor));
    heddle::channel<int> jobs;
    jobs.name("jobs");
    heddle::go(consumer, heddle::receiver<int>(jobs));
    heddle::go([]() -> task<> { co_return; });
    jobs = nullptr;
    for (int i = 0; i < 3; ++i)
        co_await heddle::yield();
}

/// Starts a thousand, on whatever threads.
task<> many() {
    heddle::wait_group all;
    for (int i = 0; i < 10; ++i)
        all.go(
            [](heddle::wait_group* in) -> task<> {
                for (int k = 0; k < 99; ++k)
                    in->go([]() -> task<> { co_return; });
                co_return;
            },
            &all);
    co_await all.wait();
}

/// Waits for SIGTERM; says when it does.
task<> serve() {
    heddle::this_task::name("server");
    asio::signal_set stop(heddle::this_task::executor(), SIGTERM);
    auto stopped = stop.async_wait(heddle::use_task);
    std::puts("ready");
    std::fflush(stdout);
    co_await std::move(stopped);
    std::puts("stopped");
}

task<> use(heddle::channel<int> c) { co_await c.send(1); }

void same_host() {
    asio::io_context first, second;
    heddle::channel<int> c(2, heddle::same_host);
    heddle::go(first, use, c);
    first.run();
    heddle::go(second, use, c);
    second.run();
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    std::string_view mode = argc == 2 ? argv[1] : "";
    if (mode == "deadlock") {
        heddle::run(starve());
    } else if (mode == "caught") {
        try {
            heddle::run(starve());
        } catch (const heddle::deadlock&) {
        }
    } else if (mode ==
               "other") {  // another exception, after a deadlock that was caught
        try {
            heddle::run(starve());
        } catch (const heddle::deadlock&) {
        }
        throw std::runtime_error("something else");
    } else if (mode == "leak") {
        heddle::run(leak());
    } else if (mode == "threads") {
        heddle::run(heddle::run_options{.threads = 3}, many());
    } else if (mode == "quit") {
        heddle::run(heddle::run_options{.dump_on_quit = true}, serve());
    } else if (mode == "no_quit") {
        heddle::run(serve());
    } else if (mode == "same_host") {
        same_host();
    } else {
        return 64;
    }
}
