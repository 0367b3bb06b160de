// SPDX-License-Identifier: BSL-1.0
// mistake: an operation of Asio without `co_await`
// The operation has not even started.
// error: ignoring returned value of type 'heddle::asio_op<.*'|ignoring return value .*nodiscard
#include <heddle/heddle.hpp>

#include <asio/steady_timer.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<> f(asio::steady_timer& timer) {
    timer.async_wait(heddle::use_task);
    co_return;
}
