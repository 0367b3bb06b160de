// SPDX-License-Identifier: BSL-1.0
#include <heddle/sync/condition_variable.hpp>

#include <exception>
#include <limits>
#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

/// A wait, from before the mutex is unlocked. If it ends although it was notified, the
/// next place is notified.
class condition_place : pinned {
public:
    explicit condition_place(counted<condition_core> core)
        : signal(signal.adopt(
              new permit_core("a notification of a condition_variable", 0, false))),
          core_(std::move(core)), own_(1, this) {
        guard g(core_->lock());
        number_ = core_->next_++;
        at_ = own_.begin();
        core_->places_.splice(core_->places_.end(), own_);
    }
    ~condition_place() {
        {
            guard g(core_->lock());
            if (queued_)
                own_.splice(own_.end(), core_->places_, at_);
        }
        if (!queued_ && !used)
            core_->notify_one();
    }

    const counted<permit_core> signal;
    bool used = false;

private:
    friend class condition_core;

    const counted<condition_core> core_;
    std::list<condition_place*> own_;  // holds the element while it is not queued
    std::list<condition_place*>::iterator at_;
    std::uint64_t number_;
    bool queued_ = true;
};

/// Notifies the first place if its number is smaller.
bool condition_core::notify(std::uint64_t before) noexcept {
    std::list<condition_place*>
        notified;  // its element dies after the lock is released
    counted<permit_core> signal;
    {
        guard g(lock());
        if (places_.empty() || places_.front()->number_ >= before)
            return false;
        notified.splice(notified.end(), places_, places_.begin());
        notified.front()->queued_ = false;
        signal = notified.front()->signal;
    }
    signal->give();
    return true;
}

void condition_core::notify_one() noexcept {
    (void)notify(std::numeric_limits<std::uint64_t>::max());
}

void condition_core::notify_all() noexcept {
    std::uint64_t before;
    {
        guard g(lock());
        before = next_;
    }
    while (notify(before)) {
    }
}

task<> wait_for_notification(counted<condition_core> core, mutex::guard& held) {
    if (!held)
        throw std::logic_error("heddle: condition_variable: wait() with a guard that "
                               "holds nothing: lock the mutex first");
    counted<permit_core> locked(held.core());
    condition_place place(std::move(core));
    held.unlock();
    std::exception_ptr why;
    try {
        co_await sync_op<permit_core, acquire_operation>(*place.signal);
        place.used = true;
    } catch (...) {
        why = std::current_exception();
    }
    {
        scope_guard to_the_end(host::current_process(), nullptr);
        held = co_await sync_op<permit_core, lock_operation>(*locked);
    }
    if (why)
        std::rethrow_exception(why);
}

}  // namespace heddle::detail
