// SPDX-License-Identifier: BSL-1.0
// mistake: `asio::use_future` in a task
// error: heddle::use_task for use_future
#include <heddle/heddle.hpp>

#include <asio/steady_timer.hpp>
#include <asio/use_future.hpp>

heddle::task<> f(asio::steady_timer& timer) {
    co_await timer.async_wait(asio::use_future);
}
