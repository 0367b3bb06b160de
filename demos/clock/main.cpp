// SPDX-License-Identifier: BSL-1.0
// A clock server has one task for each client, and tells it the time every second until it leaves.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

heddle::task<> tell_time(tcp::socket peer, heddle::duration tick) {
    heddle::ticker every(tick);
    std::array<char, 16> text;
    try {
        for (;;) {
            auto now = std::time(nullptr);
            auto n = std::strftime(text.data(), text.size(), "%H:%M:%S\n",
                                   std::localtime(&now));
            co_await asio::async_write(peer, asio::buffer(text, n), heddle::use_task);
            co_await every.next();
        }
    } catch (const std::system_error&) {
        // The peer has left.
    }
}

heddle::task<> serve(std::uint16_t port, heddle::duration tick) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    auto session = [tick](tcp::socket peer) {
        return tell_time(std::move(peer), tick);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int tick = 1000;
    read_options(argc, argv, "clock [--port N] [--tick MS]",
                 {{"port", port}, {"tick", tick}});
    try {
        heddle::run(serve(port, tick * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "clock: " << e.what() << '\n';
        return 1;
    }
}
