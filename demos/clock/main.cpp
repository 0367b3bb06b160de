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
#include <string>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

heddle::task<> tell_time(tcp::socket peer, heddle::duration tick) {
    heddle::ticker every(tick);
    std::array<char, 16> text;
    for (;;) {
        auto now = std::time(nullptr);
        auto n =
            std::strftime(text.data(), text.size(), "%H:%M:%S\n", std::localtime(&now));
        auto told = co_await heddle::settle(
            asio::async_write(peer, asio::buffer(text, n), heddle::use_task));
        if (!told)
            co_return;  // the peer has left
        co_await every.next();
    }
}

heddle::task<> serve(tcp::endpoint at, heddle::duration tick) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    auto session = [tick](tcp::socket peer) {
        return tell_time(std::move(peer), tick);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int tick = 1000;
    read_options(argc, argv, "clock [--host ADDRESS] [--port N] [--tick MS]",
                 {{"host", host, is_address}, {"port", port}, {"tick", tick}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, tick * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "clock: " << e.what() << '\n';
        return 1;
    }
}
