// SPDX-License-Identifier: BSL-1.0
// An existing service of asio::awaitable coroutines gets a channel: its connections hand lines to a few workers.
// It starts no heddle task, and it has no Go twin.
#include "../options.hpp"

#include <heddle/channel.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;

struct job {
    std::string line;
    heddle::channel<std::string> reply;
};

awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(use_awaitable);
}

awaitable<void> work(int number, heddle::receiver<job> jobs) {
    while (auto j = co_await jobs.async_receive(use_awaitable)) {
        co_await pause(20ms);  // the work
        std::ranges::reverse(j->line);
        auto answer = j->line + " by " + std::to_string(number) + '\n';
        co_await j->reply.async_send(answer, use_awaitable);
    }
}

awaitable<void> converse(tcp::socket peer, heddle::sender<job> jobs) {
    heddle::channel<std::string> reply(1);
    try {
        for (std::string input;;) {
            auto n = co_await asio::async_read_until(
                peer, asio::dynamic_buffer(input, 1024), '\n', use_awaitable);
            job j{input.substr(0, n - 1), reply};
            input.erase(0, n);
            co_await jobs.async_send(std::move(j),
                                     use_awaitable);  // waits for a worker
            auto answer = co_await reply.async_receive(use_awaitable);
            co_await asio::async_write(peer, asio::buffer(*answer), use_awaitable);
        }
    } catch (const std::system_error&) {
        // The client has left, or its line is too long.
    }
}

awaitable<void> accept_all(tcp::acceptor acceptor, heddle::sender<job> jobs) {
    for (;;) {
        try {
            auto peer = co_await acceptor.async_accept(use_awaitable);
            asio::co_spawn(acceptor.get_executor(), converse(std::move(peer), jobs),
                           asio::detached);
            continue;
        } catch (const std::system_error& e) {
            std::cerr << "accept: " << e.what() << std::endl;
        }
        co_await pause(100ms);
    }
}

void serve(tcp::endpoint at, int workers) {
    asio::io_context ctx(1);
    asio::signal_set stop(ctx, SIGINT, SIGTERM);
    stop.async_wait([&](auto, int) { ctx.stop(); });
    tcp::acceptor acceptor(ctx, at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::channel<job> jobs;
    for (int number = 1; number <= workers; ++number)
        asio::co_spawn(ctx, work(number, jobs), asio::detached);
    asio::co_spawn(ctx, accept_all(std::move(acceptor), jobs), asio::detached);
    ctx.run();
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int workers = 2;
    read_options(argc, argv,
                 "awaitable_service [--host ADDRESS] [--port N] [--workers N]",
                 {{"host", host, is_address}, {"port", port}, {"workers", workers}});
    try {
        serve({asio::ip::make_address(host), port}, workers);
    } catch (const std::system_error& e) {
        std::cerr << "awaitable_service: " << e.what() << '\n';
        return 1;
    }
}
