// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/clock.hpp>
#include <heddle/detail/platform/config.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace heddle HEDDLE_VARIANT::detail {

/// A timer: a node of the heap, or of a list of the wheel.
struct timer_entry {
    time_point deadline{};
    std::uint64_t order = 0;  // equal deadlines expire in order of insertion
    timer_entry* child = nullptr;
    timer_entry* next = nullptr;  // sibling
    timer_entry* prev = nullptr;  // sibling, or the parent of a first child
    bool queued = false;
    /// Its list in the wheel, from 1; 0 if it is in the heap; `fresh` if it is in neither.
    std::uint16_t list = 0;

    static constexpr std::uint16_t fresh = UINT16_MAX;

    /// Its deadline has passed and it has left the heap. The lock that guards the heap
    /// is held.
    virtual void expire_locked(class expiry&) noexcept = 0;

protected:
    ~timer_entry() = default;
};

/// The timers of a host, ordered by deadline. A timer is only listed until somebody asks
/// for the first: most are withdrawn before, as their task does not wait, or not for long.
/// A pairing heap holds the near ones. Once there are many, a hierarchical wheel holds
/// the far ones, since a heap of many
/// thousands misses the cache at each step. Intrusive: insert is O(1), erase and pop
/// are O(log n) amortised, nothing recurses, and nothing is allocated but the wheel,
/// once; if there is no memory for the wheel, the heap holds all timers.
class HEDDLE_API timer_heap {
public:
    timer_heap() noexcept = default;
    ~timer_heap();
    timer_heap(const timer_heap&) = delete;
    timer_heap& operator=(const timer_heap&) = delete;

    /// May be called without the lock; then the answer is a hint. A thread that sees it empty
    /// sees all that the thread which removed the last timer had done before.
    bool empty() const noexcept { return size_.load(std::memory_order_acquire) == 0; }
    timer_entry* front() noexcept;

    /// The first deadline after `t`. Returns max() if there is none, and also if very many
    /// timers are due until then.
    time_point first_after(time_point t) noexcept;
    void insert(timer_entry&) noexcept;
    void erase(timer_entry&) noexcept;

private:
    class wheel;

    static bool before(const timer_entry& a, const timer_entry& b) noexcept {
        return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
    }
    static timer_entry* meld(timer_entry* a, timer_entry* b) noexcept;
    static timer_entry* merge_siblings(timer_entry* first) noexcept;
    static timer_entry* merge_children(timer_entry& parent) noexcept;

    void push(timer_entry&) noexcept;
    void place(timer_entry&) noexcept;
    void place_fresh() noexcept;
    void turn_wheel() noexcept;
    void turn_wheel_once() noexcept;
    void rebase() noexcept;

    void count(int change) noexcept {
        auto n = size_.load(std::memory_order_relaxed);
        size_.store(n + static_cast<std::uint32_t>(change),
                    std::memory_order_release);  // pairs with empty()
    }

    timer_entry* root_ = nullptr;
    timer_entry* fresh_ = nullptr;  // the newest first
    std::uint64_t inserted_ = 0;
    wheel* wheel_ = nullptr;
    atomic<std::uint32_t> size_{0};
    std::uint32_t near_ = 0;       // how many are in the heap
    std::uint32_t far_ = 0;        // how many are in the wheel
    std::uint32_t crowded_ = few;  // with more than this in the heap, rebase() runs

    static constexpr std::uint32_t few = 64;
};

/// How long after some timers expired the next ones may be delayed, so that they expire
/// together: a hundredth of the length of the shortest timer that waits, but not less
/// than `least`, nor more than 16 times that. O(1), as it notes only until when timers
/// of each kind of length may wait.
class timer_slack {
public:
    static constexpr duration least = std::chrono::microseconds(50);

    void add(time_point now, time_point deadline) noexcept {
        std::size_t k = 0;
        for (auto length = deadline - now; k < kinds && length >= 2 * 100 * least; ++k)
            length /= 2;
        if (k < kinds)
            until_[k] = std::max(until_[k], deadline);
    }

    /// The slack of the timers that are due after `expired`, the time at which others
    /// expired.
    duration after(time_point expired) const noexcept {
        std::size_t k = 0;
        while (k < kinds && until_[k] <= expired)
            ++k;
        return least * (1 << k);
    }

private:
    static constexpr std::size_t kinds =
        4;  // each kind is twice as long as the one before; longer timers need no mark
    time_point until_[kinds] = {};
};

}  // namespace heddle::detail
