// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/handlers/thread_wait.hpp>
#include <heddle/detail/task/blocking.hpp>

#include "context/context_state.hpp"

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// A job owns the process until the work is done. If it is destroyed before, the
/// process is destroyed with it.
class blocking_wait::job {
public:
    explicit job(blocking_wait& w) noexcept : wait_(&w) {}
    job(job&& o) noexcept : wait_(std::exchange(o.wait_, nullptr)) {}
    job& operator=(job&&) = delete;
    ~job() {
        if (wait_)
            wait_->dropped();
    }
    void operator()() {
        thread_wait::leave_out_this_thread();  // the task counts while this runs
        wait_->work_(wait_->argument_);
        std::exchange(wait_, nullptr)->completed();
    }

private:
    blocking_wait* wait_;
};

std::coroutine_handle<> blocking_wait::await_suspend(std::coroutine_handle<>) noexcept {
    process& p = self();
    host& home = *p.home;  // once begun, the task may go on elsewhere
    begin(home);
    home_ = &home;
    home.work_started();  // [homecoming]: work until the task has come home
    try {
        context_state::of(home.context())->blocking().post(job(*this));
    } catch (...) {
        initiation_failed(std::current_exception());
    }
    return begun() ? home.go_on(p) : home.next();
}

void post_blocking(std::shared_ptr<abandonable_work> work) {
    process& self = host::current_process();
    if (self.interrupted())
        self.throw_cancelled();
    auto run = [w = std::move(work)] {
        thread_wait::leave_out_this_thread();  // a task that waits for it counts
        w->run();
        w->finished.close();
    };
    auto state = context_state::of(self.home->context());
    state->blocking().post(std::move(run));
}

}  // namespace heddle::detail
