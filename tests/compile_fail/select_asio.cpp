// SPDX-License-Identifier: BSL-1.0
// mistake: an operation of Asio as an arm
// error: heddle::inflight x\(operation\), and write x
#include <heddle/heddle.hpp>

#include <asio/steady_timer.hpp>

heddle::task<> f(heddle::receiver<int> in, asio::steady_timer& timer) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), timer.async_wait(heddle::use_task));
}
