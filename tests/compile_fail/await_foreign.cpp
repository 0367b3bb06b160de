// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of an awaitable of another library
// error: a task can co_await heddle's operations
#include <heddle/heddle.hpp>

struct foreign {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

heddle::task<> f() { co_await foreign(); }
