// SPDX-License-Identifier: BSL-1.0
// mistake: a send in an `asio::awaitable`, with Asio 1.22
// error: c.async_send\(value, token\)|newer than 1.22
#include <heddle/heddle.hpp>

#include <asio/awaitable.hpp>

#if ASIO_VERSION >= 102400
#error "with an Asio newer than 1.22 this is right"
#endif

asio::awaitable<void> f(heddle::channel<int> c) { co_await c.send(1); }
