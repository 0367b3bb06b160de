// SPDX-License-Identifier: BSL-1.0
// mistake: `asio::use_awaitable` in a task
// error: heddle::use_task for use_awaitable
#include <heddle/heddle.hpp>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

heddle::task<> f(asio::steady_timer& timer) {
    co_await timer.async_wait(asio::use_awaitable);
}
