// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <memory>
#include <thread>
// These headers come first, as main.cpp says.

#include <heddle/detail/platform/asio.hpp>

#include <asio/steady_timer.hpp>

void wait_in(asio::io_context& ctx) {
    auto timer =
        std::make_shared<asio::steady_timer>(ctx, std::chrono::milliseconds(1));
    timer->async_wait([timer](heddle::error_code) {});
}
