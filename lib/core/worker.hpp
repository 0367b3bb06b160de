// SPDX-License-Identifier: BSL-1.0
// A worker, and the group it belongs to, as its host sees them. The room above,
// parallel/, decides which worker looks for work, and when.
#pragma once

#include "platform/biased_lock.hpp"
#include <heddle/detail/timers/timer_heap.hpp>

#include <cstddef>
#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

class host;

/// The workers of a parallel host. Invariants:
///   [active] active_ counts the workers whose inbox is not idle.
///   [search] at most one worker is the searcher. `awake`: it has is_searcher set, and
///            drains or is about to drain; `asleep`: it is idle, with its Asio timer
///            armed for look_at; `crowded`: there is none, as no worker is idle; `none`:
///            there is none, and a push wakes one. While all workers are idle there is no
///            searcher, so that a context with nothing to do runs out of work.
class HEDDLE_API worker_group : pinned {
public:
    virtual std::size_t size() const noexcept = 0;
    virtual host& operator[](std::size_t i) const noexcept = 0;

    /// The worker for a task from outside: an idle one, or else the next in turn.
    virtual host& place() noexcept = 0;

    /// Called when a worker has `ready` tasks. Rouses another worker if that is worth
    /// it.
    void notice(std::uint32_t ready) noexcept {
        search w = search_.load(std::memory_order_seq_cst);
        if (w == search::none || (w == search::asleep && ready > 1 &&
                                  !backs_off_.load(std::memory_order_relaxed)))
            wake_searcher(w);
    }

    /// Called when the drainer of `me` has nothing left. Returns true if it has found
    /// work.
    virtual bool find_work(host& me) noexcept = 0;

    /// Called when the drainer of `me` has work: it does not search any more.
    virtual void end_search(host& me) noexcept = 0;

    void woken() noexcept {
        active_.fetch_add(1, std::memory_order_seq_cst);
    }  // [active]
    virtual void before_idle(host& me) noexcept = 0;
    virtual void after_idle(host& me, bool is_searcher) noexcept = 0;

    /// Lets no worker begin another turn.
    void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
    bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

    virtual void shut() noexcept = 0;

protected:
    enum class search : std::uint8_t { none, awake, asleep, crowded };

    ~worker_group() = default;

    virtual void wake_searcher(search seen) noexcept = 0;

    atomic<std::uint32_t> active_{0};
    atomic<search> search_{search::none};
    atomic<bool> backs_off_{false};  // the searcher backs off: its finds were too small

private:
    atomic<bool> stopped_{false};
};

/// The part of a host that only a worker of a parallel host has.
struct worker : pinned {
    worker(worker_group& p, std::uint16_t i, bool few) noexcept
        : pool(p), index(i), lock(few) {}

    worker_group& pool;
    const std::uint16_t index;

    biased_lock lock;                // guards the FIFO of the host; the drainer owns it
    atomic<std::uint32_t> ready{0};  // the length of the FIFO; written under the lock
    atomic<std::uint32_t> turns{0};  // how many tasks it ran; stays if it is stalled

    std::uint32_t turns_seen = 0;  // the searcher's: `turns` when it looked last
    bool is_searcher = false;      // the drainer's: it is the searcher
    time_point look_at =
        time_point::max();  // the drainer's: when it looks for work again
    time_point found_at{};  // the drainer's: when it last found work as the searcher
};

}  // namespace heddle::detail
