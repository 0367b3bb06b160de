// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/operation.hpp>

#include <algorithm>
#include <cstddef>

namespace heddle HEDDLE_VARIANT::detail {

/// Holds the locks of the sources of some operations. Each is taken once, in address
/// order; none is taken where locks are left out. `room` has space for as many locks as
/// there are operations.
class all_locks : pinned {
public:
    all_locks(operation* const* ops, std::size_t n, spin_lock** room) noexcept
        : locks_(room) {
        if (single_threaded())
            return;
        for (std::size_t i = 0; i < n; ++i)
            if (spin_lock* lock = ops[i]->source(); lock && lock->shared())
                locks_[n_++] = lock;
        std::sort(locks_, locks_ + n_, lock_order());
        n_ = static_cast<std::size_t>(std::unique(locks_, locks_ + n_) - locks_);
        for (std::size_t i = 0; i < n_; ++i)
            locks_[i]->lock();
    }
    ~all_locks() { unlock(); }

    void unlock() noexcept {
        while (n_ != 0)
            locks_[--n_]->unlock();
    }

private:
    spin_lock** locks_;
    std::size_t n_ = 0;
};

/// Returns whether no two of `n` arms have the same source; nil arms have none.
template <class At>
bool sources_differ(std::size_t n, At op) noexcept {
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (op(i).source() && op(i).source() == op(k).source())
                return false;
    return true;
}

inline bool sources_differ(operation* const* ops, std::size_t n) noexcept {
    return sources_differ(n, [ops](std::size_t i) -> operation& { return *ops[i]; });
}

}  // namespace heddle::detail
