// SPDX-License-Identifier: BSL-1.0
// A TCP echo server in heddle, written as its users would. It prints its port, and runs
// until it is killed.
#include "peer.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstdio>
#include <system_error>

using asio::ip::tcp;

namespace {

heddle::task<> echo(tcp::socket peer) {
    std::array<char, 4096> data;
    peer.set_option(tcp::no_delay(true));
    try {
        for (;;) {
            auto buffer = asio::buffer(data);
            auto n = co_await peer.async_read_some(buffer, heddle::use_task);
            co_await asio::async_write(peer, asio::buffer(buffer, n), heddle::use_task);
        }
    } catch (const std::system_error&) {
        // The peer has left.
    }
}

heddle::task<result> serve(arguments) {
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), 0});
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    for (;;) {
        auto peer = co_await acceptor.async_accept(heddle::use_task);
        heddle::go(echo, std::move(peer));
    }
}

const workload workloads[] = {{"echo", run<serve>}};

}  // namespace
