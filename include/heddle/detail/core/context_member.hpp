// SPDX-License-Identifier: BSL-1.0
// A host, as the context it belongs to sees it.
#pragma once

#include <heddle/detail/timers/timer_heap.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle::detail {

/// Makes every choice of the hosts of a context, where an explorer does: which task runs next,
/// which ready arm happens.
class chooser {
public:
    virtual std::uint32_t choose(std::uint32_t n) noexcept = 0;  // below n
    /// The last choice changed nothing: each would have led here.
    virtual void was_moot() noexcept = 0;

protected:
    ~chooser() = default;
};

/// What a context knows of a host: how to count, describe, wake and end it.
class HEDDLE_API context_member : public pinned {
public:
    void take() noexcept { refs_.take(); }
    bool take_if_any() noexcept { return refs_.take_if_any(); }
    void drop() noexcept {
        if (refs_.drop())
            dispose();
    }

    virtual std::size_t live() noexcept = 0;
    virtual std::size_t unused_numbers() noexcept = 0;
    virtual std::size_t owned_by_handlers() noexcept = 0;  // of its tasks
    virtual void describe(std::string& to) = 0;

    /// Of its timers; max() if it has none.
    virtual time_point first_deadline() noexcept = 0;

    /// Timers have changed, or time has: lets the drainer look. From any thread.
    virtual void poke() noexcept = 0;

    virtual void shut() noexcept = 0;
    bool is_shut() const noexcept { return shut_.load(std::memory_order_acquire); }

protected:
    context_member() = default;
    virtual ~context_member() = default;

    ref_count refs_;
    atomic<bool> shut_{false};

private:
    friend class context_core;

    virtual void dispose() noexcept = 0;

    context_member* prev_host_ = nullptr;  // guarded by the context's lock
    context_member* next_host_ = nullptr;
    bool counted_ = false;  // among the hosts that may wake others
};

}  // namespace heddle::detail
