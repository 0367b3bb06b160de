// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/biased_lock.hpp>
#include <heddle/detail/host.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::detail {

class worker_pool;

/// What a host has beyond a serial one if it is a worker of a parallel host.
struct worker : pinned {
    worker(worker_pool& p, std::uint16_t i) noexcept : pool(p), index(i) {}

    worker_pool& pool;
    const std::uint16_t index;

    biased_lock lock;                // guards the FIFO of the host; the drainer owns it
    atomic<std::uint32_t> ready{0};  // its length; written under the lock
    atomic<std::uint32_t> turns{0};  // how many tasks it ran: does it get on?

    std::uint32_t numbers =
        0;  // for tasks, not given yet; guarded by the registry's lock
    std::uint64_t next_number = 0;  // the first of them

    std::uint32_t turns_seen = 0;  // by whoever is on watch
    bool on_watch = false;         // the drainer's
    time_point look_at =
        time_point::max();    // the drainer's: when to look for work again
    time_point left_watch{};  // when it last found work on the watch
};

/// A parallel host: serial hosts on one executor, its workers, that take ready tasks from each
/// other. A task runs on the worker that woke it, so tasks that talk to each other stay
/// together; one that waits too long for its worker is taken by another, late: at most one
/// worker at a time, the watch, looks for such tasks, for a few microseconds, and then from
/// time to time as long as any worker is at work. Invariants:
///   [fifo]   the FIFO of a worker is changed under its lock; a thief takes nothing but tasks
///            that are not pinned, so turns stay in the order of their arrival.
///   [active] counts the workers whose inbox is not idle.
///   [watch]  `awake`: one worker has on_watch set, and drains or is about to; `asleep`: it
///            is idle, its Asio timer armed for look_at; `crowded`: no worker is idle;
///            `none`: who pushes rouses one. While all are idle there is no watch, so that
///            a context with nothing to do runs out of work.
class HEDDLE_API worker_pool : pinned {
public:
    static constexpr std::size_t max_workers = 1024;

    /// Takes the workers over, which refer to this pool.
    void adopt(std::vector<counted<host>> workers) noexcept {
        workers_ = std::move(workers);
    }
    void release() noexcept;  // lets go of them: the context ends

    std::size_t size() const noexcept { return workers_.size(); }
    host& operator[](std::size_t i) const noexcept { return *workers_[i]; }

    /// The worker for a task from outside: one that is idle, or else the next in turn.
    host& place() noexcept;

    /// A worker has that many ready tasks now. Rouses another one if that is worth it.
    void notice(std::uint32_t ready) noexcept {
        watch w = watch_.load(std::memory_order_seq_cst);
        if (w == watch::none || (w == watch::asleep && ready > 1 &&
                                 !weary_.load(std::memory_order_relaxed)))
            rouse(w);
    }

    /// The drainer of `me` has nothing left. True: there is something now.
    bool find_work(host& me) noexcept;

    /// The drainer of `me` has work: it is not on watch any more.
    void leave_watch(host& me) noexcept;

    void woken() noexcept {
        active_.fetch_add(1, std::memory_order_seq_cst);
    }  // [active]
    void before_idle(host& me) noexcept;
    void after_idle(host& me, bool on_watch) noexcept;

    /// No worker begins another turn.
    void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
    bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

    void shut() noexcept;

private:
    enum class watch : std::uint8_t { none, awake, asleep, crowded };

    void rouse(watch seen) noexcept;
    bool rouse_idle() noexcept;
    bool rob_someone(host& me, bool patiently) noexcept;
    void look_around(host& me) noexcept;

    std::vector<counted<host>> workers_;
    atomic<std::uint32_t> active_{0};
    atomic<watch> watch_{watch::none};
    atomic<host*> sentinel_{nullptr};  // who sleeps on watch
    atomic<std::uint32_t> next_{0};
    atomic<bool> stopped_{false};
    atomic<bool> weary_{false};  // what it took was not worth it: let it sleep
    duration pause_{};           // of the watch, between two looks
};

}  // namespace heddle::detail
