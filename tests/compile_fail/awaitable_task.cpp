// SPDX-License-Identifier: BSL-1.0
// mistake: a task in an `asio::awaitable`
// error: heddle::go\(executor, f, args...\).async_join\(token\)
#include <heddle/heddle.hpp>

#include <asio/awaitable.hpp>

heddle::task<> g();

asio::awaitable<void> f() { co_await g(); }
