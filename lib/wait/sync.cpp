// SPDX-License-Identifier: BSL-1.0
#include <heddle/sync.hpp>

#include <limits>
#include <string>

namespace heddle HEDDLE_VARIANT {
namespace detail {

void permit_core::hand_out_locked(wake_list& wakes) noexcept {
    while (free_ > 0) {  // [permit]
        operation* op = waiters().pop_claimed();
        if (!op)
            break;
        --free_;
        op->result = outcome::done;
        wakes.add(*op->who);
    }
}

void permit_core::give_if_none() noexcept {
    wake_list wakes;
    {
        guard g(lock());
        if (free_ == 0) {
            free_ = 1;
            hand_out_locked(wakes);
        }
    }
    wakes.release();
}

void permit_core::wake_all() noexcept {
    wake_list wakes;
    {
        guard g(lock());
        waiters().wake_all(wakes, outcome::closed);
    }
    wakes.release();
}

bool permit_core::give(std::ptrdiff_t n) noexcept {
    wake_list wakes;
    bool last = false;
    {
        guard g(lock());
        if (n > max - free_)
            return false;
        free_ += n;
        hand_out_locked(wakes);
        if (owned_ && free_ != 0)  // [users]: otherwise the woken task holds it now
            last = leave_locked();
    }
    wakes.release();
    if (last)
        delete this;
    return true;
}

void wait_count::set_locked(std::ptrdiff_t n, wake_list& wakes) noexcept {
    count_ = n;
    if (n == 0)
        waiters().wake_all(wakes, outcome::done);  // [zero]
}

void wait_count::set(std::ptrdiff_t n) noexcept {
    wake_list wakes;
    {
        guard g(lock());
        set_locked(n, wakes);
    }
    wakes.release();
}

void wait_count::add(std::ptrdiff_t n) {
    wake_list wakes;
    bool fits;
    {
        guard g(lock());
        fits = -count_ <= n && n <= std::numeric_limits<std::ptrdiff_t>::max() - count_;
        if (fits)
            set_locked(count_ + n, wakes);
    }
    wakes.release();
    if (!fits)
        throw std::logic_error("heddle: " + std::string(what_) +
                               (n < 0 ? " below zero: more was done than there was"
                                      : " beyond the largest count, PTRDIFF_MAX"));
}

bool barrier_core::arrive_locked(wake_list& wakes) noexcept {
    if (++arrived_ < expected_)
        return false;
    arrived_ = 0;
    waiters().wake_all(wakes, outcome::done);
    return true;
}

}  // namespace detail

void mutex::guard::unlock() {
    if (!core_)
        throw std::logic_error("heddle: unlock of a mutex that is not locked: this "
                               "guard holds nothing, as it was unlocked or moved from");
    std::exchange(core_, nullptr)->give();
}

semaphore::semaphore(std::ptrdiff_t permits) {
    if (permits < 0)
        throw std::invalid_argument("heddle: semaphore(" + std::to_string(permits) +
                                    "): the number of permits must be 0 or more");
    core_ = core_.adopt(new detail::permit_core("a semaphore", permits, false));
}

void semaphore::release(std::ptrdiff_t n) {
    if (n < 0)
        throw std::logic_error("heddle: semaphore: release(" + std::to_string(n) +
                               "): the number must be 0 or more; acquire() takes");
    if (!core_->give(n))
        throw std::logic_error("heddle: semaphore: release(" + std::to_string(n) +
                               "): beyond the largest count, PTRDIFF_MAX");
}

latch::latch(std::ptrdiff_t count) {
    if (count < 0)
        throw std::invalid_argument("heddle: latch(" + std::to_string(count) +
                                    "): the count must be 0 or more");
    core_ = core_.adopt(new detail::wait_count("a latch", count));
}

void latch::count_down(std::ptrdiff_t n) {
    if (n < 0)
        throw std::invalid_argument("heddle: latch: count_down(" + std::to_string(n) +
                                    "): the number must be 0 or more");
    core_->add(-n);
}

barrier::barrier(std::ptrdiff_t n) {
    if (n < 1)
        throw std::invalid_argument("heddle: barrier(" + std::to_string(n) +
                                    "): it must be for 1 task or more");
    core_ = core_.adopt(new detail::barrier_core(n));
}

bool once::may_run() const {
    detail::process& self = detail::host::current_process();
    if (self.interrupted())
        self.throw_cancelled();                 // as in every wait, ready or not
    if (done_.load(std::memory_order_acquire))  // pairs with call()
        return false;
    if (runner_.load(std::memory_order_relaxed) == self.id)
        throw std::logic_error("heddle: once: call() inside what it calls would wait "
                               "for itself; call that function directly");
    return true;
}

}  // namespace heddle
