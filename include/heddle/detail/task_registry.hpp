// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/process.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::detail {

/// The tasks of a host that have not ended, and their numbers. From any thread.
class task_registry : pinned {
public:
    /// `batch`: how many numbers it takes at a time. Workers take many: one counter for all
    /// tasks would go from core to core.
    explicit task_registry(std::uint32_t batch) noexcept : batch_(batch) {}

    /// Gives the task a number if it has none yet. Returns whether it is the only one here.
    bool add(process& p) noexcept;

    /// Returns whether the task was the last one here.
    bool remove(process& p) noexcept;

    std::size_t size() noexcept;
    std::size_t unused_numbers() noexcept;

    /// All tasks, each held. No other lock is taken, nor memory, under the registry's lock.
    std::vector<counted<process>> all();

    /// Goes through all tasks from the first, while each may end, and end others.
    void begin_sweep() noexcept;
    process* next_to_sweep() noexcept;

    /// Calls f(process&) for each task while none can be added or removed.
    template <class F>
    void for_each(F f) {
        guard g(lock_);
        for (process* p = first_; p; p = p->next_live)
            f(*p);
    }

private:
    spin_lock lock_;
    process* first_ = nullptr;  // guarded by lock_, as is all below but batch_
    process* scan_ = nullptr;   // where the sweep is
    std::size_t size_ = 0;
    std::uint64_t next_number_ = 0;
    std::uint32_t numbers_ =
        0;  // how many have been taken and not given, from next_number_
    const std::uint32_t batch_;
};

}  // namespace heddle::detail
