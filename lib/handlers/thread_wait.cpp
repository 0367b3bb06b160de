// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/handlers/thread_wait.hpp>

#include <heddle/detail/core/host.hpp>

#include "platform/port.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

#ifdef HEDDLE_MODEL

// In an exploration of threads nobody asks for a deadlock of `run`.
namespace {
bool count_this_thread() noexcept { return false; }
void changes(int) noexcept {}
}  // namespace
bool thread_wait::others_awake() noexcept { return false; }
void thread_wait::leave_out_this_thread() noexcept {}

#else

namespace {

enum class standing : std::uintptr_t { unknown, counted, left_out };
HEDDLE_STATIC_TLS thread_local standing standing_here = standing::unknown;

/// How many threads are counted and do not sleep.
atomic<int> awake{0};

// Release: a thread that ends or sleeps has posted what it sends before that.
void changes(int n) noexcept { add(awake, n, std::memory_order_release); }

bool count_this_thread() noexcept {
    static char any;
    if (standing_here == standing::unknown) {
        auto ends = [](void*) {
            standing_here = standing::left_out;
            changes(-1);
        };
        bool will_tell = port::at_thread_end(port::at_end_for::waits, ends, &any);
        standing_here = will_tell ? standing::counted : standing::left_out;
        if (will_tell)
            changes(1);
    }
    return standing_here == standing::counted;
}

// The child of a fork has the forking thread alone.
[[maybe_unused]] const bool counts_anew = port::at_fork(nullptr, nullptr, [] {
    awake.store(standing_here == standing::counted, std::memory_order_relaxed);
});

}  // namespace

bool thread_wait::others_awake() noexcept {
    bool this_one = standing_here == standing::counted;
    return awake.load(std::memory_order_acquire) > int{this_one};
}

void thread_wait::leave_out_this_thread() noexcept {
    if (standing_here == standing::unknown)
        standing_here = standing::left_out;
}

#endif

thread_wait::thread_wait() noexcept
    : foreign_sleeper([](foreign_sleeper& s) noexcept {
          auto& self = static_cast<thread_wait&>(s);
          if (self.counted_)
              changes(1);
          // An exchange, not a store: wake_one() looks whether a thread waits, and with
          // libstdc++ 12 that load could pass a store before it.
          self.state_.exchange(woken, std::memory_order_seq_cst);
          wake_one(self.state_);
          self.state_.store(left,
                            std::memory_order_release);  // [woken], as sleep() reads
      }) {}

namespace {

[[noreturn]] void refuse(const operation& op, const char* why) {
    std::string what = "heddle: a thread cannot wait ";
    op.describe(what);
    throw std::logic_error(what + ": " + why);
}

}  // namespace

void thread_wait::wait(operation& op) {
    host::refuse_to_block("co_await instead");
    spin_lock* lock = op.source();
    if (!lock)
        refuse(op, "it would wait for ever; use a channel that was made");
    if (!lock->shared())
        refuse(op, "the channel was promised to one host; make it without same_host");
    counted_ = count_this_thread();
    op.who = this;
    op.exclusive = true;
    wake_list wakes;
    if (attempt_or(op, wakes, [&op] { op.enlist_locked(); }))
        wakes.release();
    else if (single_threaded() && op.withdraw())
        refuse(op, "it would wait for ever, as it is the only thread of the process");
    else
        sleep();
}

void thread_wait::sleep() noexcept {
    if (counted_)
        changes(-1);  // the waker counts this thread again
    wait_while(state_, asleep);
    while (state_.load(std::memory_order_acquire) != left)  // [woken]
        yield_until_changed(state_);
}

}  // namespace heddle::detail
