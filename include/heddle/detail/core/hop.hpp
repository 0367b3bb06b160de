// SPDX-License-Identifier: BSL-1.0
// How a running task goes to the end of the queue, or to another host.
#pragma once

#include <heddle/detail/core/host.hpp>

#include <coroutine>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

class yield_awaiter {
public:
    explicit yield_awaiter(process& self) noexcept : self_(self) {}
    bool await_ready() const noexcept { return self_.interrupted(); }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<>) const noexcept {
        host& home = *self_.home;
        home.push(self_);
        return home.next();
    }
    void await_resume() const {
        if (self_.interrupted())
            self_.throw_cancelled();
    }

private:
    process& self_;
};

/// Moves a process to another host and queues it there. Requires: it is in no queue.
HEDDLE_API void move_to(process& p, host& to) noexcept;

class resume_awaiter {
public:
    resume_awaiter(process& self, counted<host> to) noexcept
        : self_(self), to_(std::move(to)) {}
    bool await_ready() const noexcept {
        return self_.interrupted() || to_->same_place(*self_.home);
    }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<>) noexcept {
        host& from = *self_.home;
        move_to(self_, *to_);
        return from.next();  // it may run there by now
    }
    void await_resume() const {
        if (self_.interrupted())
            self_.throw_cancelled();
    }

private:
    process& self_;
    counted<host> to_;
};

}  // namespace heddle::detail
