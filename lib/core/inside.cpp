// SPDX-License-Identifier: BSL-1.0
// Notes what a thread is in the middle of, so that a wait that would never end can be
// refused with a message.
#include <heddle/detail/core/host.hpp>

#include "core/context_core.hpp"

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

namespace {

/// The sleepers that this thread is about to wake, while it wakes one that is no task.
/// That may run code of the user, which must not wait for them.
struct held_back : pinned {
    explicit held_back(runnable* f) noexcept;
    ~held_back();

    runnable* const first;
    held_back* const before;
};
HEDDLE_STATIC_TLS thread_local held_back* held_back_here = nullptr;
HEDDLE_STATIC_TLS thread_local inside_context* insides = nullptr;

held_back::held_back(runnable* f) noexcept
    : first(f), before(std::exchange(held_back_here, this)) {}
held_back::~held_back() { held_back_here = before; }

}  // namespace

void wake_list::wake_before(foreign_sleeper& foreign, runnable* others) noexcept {
    held_back until_it_is_woken(others);
    foreign.wake();
}

bool wake_list::holds_back(const runnable& r) noexcept {
    for (held_back* h = held_back_here; h; h = h->before)
        for (runnable* held = h->first; held; held = held->next_ready)
            if (held == &r)
                return true;
    return false;
}

bool inside_context::holds_back_task_of(const context_core& s) noexcept {
    for (held_back* h = held_back_here; h; h = h->before)
        for (runnable* held = h->first; held; held = held->next_ready)
            if (!static_cast<sleeper&>(*held).is_foreign() &&
                as_process(*held).home->state_.get() == &s)
                return true;
    return false;
}

inside_context::inside_context(const context_core& s) noexcept
    : state_(s), before_(std::exchange(insides, this)) {}

inside_context::~inside_context() { insides = before_; }

bool inside_context::is_here(const context_core& s) noexcept {
    for (host* h = host::current(); h; h = h->below_)
        if (h->state_.get() == &s)
            return true;
    for (inside_context* i = insides; i; i = i->before_)
        if (&i->state_ == &s)
            return true;
    return false;
}

}  // namespace heddle::detail
