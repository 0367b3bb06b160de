// SPDX-License-Identifier: BSL-1.0
// A TCP echo server has one task for each connection, and stops on SIGINT or SIGTERM.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>

using asio::ip::tcp;
using heddle::settle;
using namespace std::chrono_literals;

// Returns whether the peer is still there.
heddle::task<bool> echo_some(tcp::socket& peer, asio::mutable_buffer buffer) {
    auto n = co_await settle(peer.async_read_some(buffer, heddle::use_task));
    if (n)
        n = co_await settle(
            asio::async_write(peer, asio::buffer(buffer, *n), heddle::use_task));
    co_return n.has_value();
}

heddle::task<> echo(tcp::socket peer, heddle::duration idle) {
    std::array<char, 4096> data;
    // A peer that is silent, or does not read its echo, is disconnected.
    for (bool on = true; on;) {
        auto echoed =
            co_await heddle::timeout(idle, echo_some(peer, asio::buffer(data)));
        on = echoed.value_or(false);
    }
}

heddle::task<> accept_all(tcp::acceptor acceptor, heddle::duration idle) {
    for (;;) {
        try {
            auto peer = co_await acceptor.async_accept(heddle::use_task);
            heddle::go(echo, std::move(peer), idle);
            continue;
        } catch (const std::system_error& e) {
            std::cerr << "accept: " << e.what() << std::endl;
        }
        co_await heddle::sleep(100ms);  // until descriptors are free again
    }
}

heddle::task<> serve(tcp::endpoint at, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::go(accept_all, std::move(acceptor), idle);
    co_await stop.token();
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int idle = 300'000;
    read_options(argc, argv, "echo [--host ADDRESS] [--port N] [--idle MS]",
                 {{"host", host, is_address}, {"port", port}, {"idle", idle}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "echo: " << e.what() << '\n';
        return 1;
    }
}
