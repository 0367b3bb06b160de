// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/handlers/asio_wait.hpp>
#include <heddle/done.hpp>

#include <coroutine>
#include <memory>

namespace heddle HEDDLE_VARIANT::detail {

/// Awaits work on the blocking threads of the task's context, as a task awaits an Asio
/// operation that cannot be cancelled: the job owns the process meanwhile.
class HEDDLE_API blocking_wait final : public asio_wait {
public:
    blocking_wait(process& self, void (*work)(void*), void* argument) noexcept
        : asio_wait(self), work_(work), argument_(argument) {}
    ~blocking_wait() {
        if (home_)
            home_->work_finished();  // [homecoming]
    }

    bool await_ready() noexcept { return refused(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> frame) noexcept;
    void await_resume() {
        if (!resume())
            self().throw_cancelled();
    }

private:
    class job;

    void (*work_)(void*);
    void* argument_;
    host* home_ = nullptr;  // has work while this runs elsewhere
};

/// Work for a blocking thread. It must not throw: it keeps its exception for the
/// caller.
template <class F>
class blocking_op {
public:
    explicit blocking_op(F& f) noexcept : f_(&f) {}
    blocking_wait await_by(process& self) const noexcept {
        return blocking_wait(self, [](void* f) { (*static_cast<F*>(f))(); }, f_);
    }

private:
    F* f_;
};

/// Work that its task may leave: the thread owns it, too.
struct abandonable_work : pinned {
    virtual ~abandonable_work() = default;
    virtual void run() noexcept = 0;
    done_source finished;  // its token closes when run() has returned
};

/// Runs the work on a blocking thread of the running task's context.
HEDDLE_API void post_blocking(std::shared_ptr<abandonable_work> work);

}  // namespace heddle::detail
