// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of an `asio::awaitable` in a task
// error: asio::co_spawn\(executor, f\(\), heddle::use_task\)
#include <heddle/heddle.hpp>

#include <asio/awaitable.hpp>

asio::awaitable<int> g();

heddle::task<> f() {
    int i = co_await g();
    (void)i;
}
