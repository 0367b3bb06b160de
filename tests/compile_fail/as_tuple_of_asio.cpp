// SPDX-License-Identifier: BSL-1.0
// mistake: `asio::as_tuple`, with Asio 1.22
// error: write heddle::as_tuple\(token\)|this Asio has it
#include <heddle/heddle.hpp>

#include <asio/steady_timer.hpp>

#if ASIO_VERSION >= 102400
#error "this Asio has it"
#endif

heddle::task<> f(asio::steady_timer& timer) {
    co_await timer.async_wait(asio::as_tuple(heddle::use_task));
}
