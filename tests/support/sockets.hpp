// SPDX-License-Identifier: BSL-1.0
// Helpers for tests whose tasks do real I/O.
#pragma once

#include "support/world.hpp"

#include <asio.hpp>

#include <doctest/doctest.h>

#include <utility>

namespace test {

/// Two TCP sockets that are connected over the loopback interface.
struct tcp_pair {
    explicit tcp_pair(asio::io_context& ctx) : near(ctx), far(ctx) {
        using asio::ip::tcp;
        tcp::acceptor acceptor(ctx, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        near.connect(acceptor.local_endpoint());
        acceptor.accept(far);
    }
    asio::ip::tcp::socket near, far;
};

/// Runs a task on the context until it has ended, and blocks for its I/O.
template <class... Args>
void finish(world& w, Args&&... args) {
    w.go(std::forward<Args>(args)...);
    w.ctx.restart();
    w.ctx.run();
    CHECK(w.live() == 0);
}

}  // namespace test
