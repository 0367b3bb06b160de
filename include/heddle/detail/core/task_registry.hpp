// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/memory/intrusive_list.hpp>
#include <heddle/detail/platform/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

HEDDLE_API extern atomic<std::uint64_t> last_task_number;

/// Takes `n` numbers for tasks; returns the first of them.
inline std::uint64_t new_task_numbers(std::uint32_t n) noexcept {
    return add<std::uint64_t>(last_task_number, n, std::memory_order_relaxed) + 1;
}

/// How many numbers have been taken in this program.
inline std::uint64_t task_numbers() noexcept {
    return last_task_number.load(std::memory_order_relaxed);
}

/// The tasks of a host that have not ended, and their numbers. Any thread may call. A
/// Task is counted, and has id and in_registry, which belong to the registry.
template <class Task>
class task_registry : pinned {
public:
    /// It takes 32 numbers at a time, and each time twice as many as before, but at most
    /// `most`. Workers take many: the cache line of a counter that each new task adds to
    /// would move from core to core.
    explicit task_registry(std::uint16_t most) noexcept : most_(most) {}

    /// Adds a task, and gives it a number if it `is_new`. Returns whether it is the only
    /// one here.
    bool add(Task& t, bool is_new) noexcept {
        guard g(lock_);
        if (is_new)
            t.id = next_number();
        live_.push_front(t);
        return size_++ == 0;
    }

    /// Removes a task. Returns whether it was the last one here.
    bool remove(Task& t) noexcept {
        guard g(lock_);
        if (scan_ == &t)
            scan_ = live_.after(t);
        live_.erase(t);
        return --size_ == 0;
    }

    std::size_t size() noexcept {
        guard g(lock_);
        return size_;
    }
    std::size_t unused_numbers() noexcept {
        guard g(lock_);
        return numbers_;
    }

    /// Returns all tasks, each held. Under the registry's lock it takes no other lock
    /// and allocates nothing.
    std::vector<counted<Task>> all() {
        std::vector<counted<Task>> tasks;
        for (bool fit = false; !fit;) {
            std::size_t n;
            {
                guard g(lock_);
                n = size_;
                fit = n <= tasks.capacity();
                if (fit)
                    for (Task& t : live_)
                        tasks.push_back(counted<Task>(&t));
            }
            tasks.reserve(n);
        }
        return tasks;
    }

    /// For a dump, which asks whether it can be had.
    spin_lock& lock() noexcept { return lock_; }

    /// A sweep visits all tasks from the first. Meanwhile the visited task may end, and
    /// end others.
    void begin_sweep() noexcept {
        guard g(lock_);
        scan_ = live_.front();
    }
    Task* next_to_sweep() noexcept {
        guard g(lock_);
        Task* t = scan_;
        if (t)
            scan_ = live_.after(*t);
        return t;
    }

    /// Calls f(task) for each task, under the registry's lock.
    template <class F>
    void for_each(F f) {
        guard g(lock_);
        for (Task& t : live_)
            f(t);
    }

private:
    std::uint64_t next_number() noexcept {
        if (most_ == 1)
            return new_task_numbers(1);
        if (numbers_ == 0) {
            next_number_ = new_task_numbers(batch_);
            numbers_ = batch_;
            batch_ = static_cast<std::uint16_t>(std::min(2 * batch_, int{most_}));
        }
        --numbers_;
        return next_number_++;
    }

    spin_lock lock_;  // guards all below but most_
    std::uint16_t batch_ = 32;
    const std::uint16_t most_;
    intrusive_list<Task, &Task::in_registry> live_;
    Task* scan_ = nullptr;  // where the sweep is
    std::size_t size_ = 0;
    std::uint64_t next_number_ = 0;
    std::uint32_t numbers_ = 0;  // how many were taken and not given to a task yet
};

}  // namespace heddle::detail
