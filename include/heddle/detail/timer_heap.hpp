// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/operation.hpp>

#include <chrono>
#include <ratio>
#include <type_traits>

namespace heddle {

/// Durations and points of the host's clock, in nanoseconds.
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

namespace detail {

/// Any chrono duration as nanoseconds: rounded up, so that nothing fires early, and
/// saturated, so that nothing wraps.
template <class Rep, class Period>
constexpr duration nanoseconds(std::chrono::duration<Rep, Period> d) noexcept {
    if constexpr (std::is_convertible_v<std::chrono::duration<Rep, Period>, duration> &&
                  std::is_same_v<Period, std::nano>) {
        return d;
    } else {
        std::chrono::duration<long double, std::nano> exact(d);
        if (!(exact < duration::max()))
            return duration::max();  // also what is not a number
        if (exact <= duration::min())
            return duration::min();
        auto whole = std::chrono::duration_cast<duration>(exact);
        return whole < exact ? whole + duration(1) : whole;
    }
}

/// The deadline `d` after `now`: at once for nothing or less, never for what cannot be
/// counted.
constexpr time_point deadline_after(time_point now, duration d) noexcept {
    if (d <= duration::zero())
        return time_point::min();
    return d < time_point::max() - now ? now + d : time_point::max();
}

}  // namespace detail
}  // namespace heddle

namespace heddle::detail {

/// A node of the pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986).
struct timer_entry {
    time_point deadline{};
    std::uint64_t order = 0;  // equal deadlines expire in order of insertion
    timer_entry* child = nullptr;
    timer_entry* next = nullptr;  // sibling
    timer_entry* prev = nullptr;  // sibling, or the parent of a first child
    bool queued = false;

    /// Its time has come and it has left the heap, whose lock is held.
    virtual void expire_locked(class expiry&) noexcept = 0;

protected:
    ~timer_entry() = default;
};

/// Intrusive: insert O(1), erase and pop O(log n) amortised, no allocation, no recursion.
class HEDDLE_API timer_heap {
public:
    timer_entry* front() const noexcept { return root_; }  // without the lock: a hint
    void insert(timer_entry&) noexcept;
    void erase(timer_entry&) noexcept;

private:
    static bool before(const timer_entry& a, const timer_entry& b) noexcept {
        return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
    }
    static timer_entry* meld(timer_entry* a, timer_entry* b) noexcept;
    static timer_entry* merge_siblings(timer_entry* first) noexcept;

    relaxed_pointer<timer_entry> root_{nullptr};
    std::uint64_t inserted_ = 0;
};

}  // namespace heddle::detail
