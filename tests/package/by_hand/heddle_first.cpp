// SPDX-License-Identifier: BSL-1.0
// This file includes only heddle.
#include <heddle/heddle.hpp>

int run(asio::io_context& ctx);

int run(asio::io_context& ctx) {
    heddle::go(ctx, []() -> heddle::task<> { co_await heddle::yield(); });
    return static_cast<int>(ctx.run());
}
