// SPDX-License-Identifier: BSL-1.0
// The interface through which a context uses its hosts.
#pragma once

#include <heddle/detail/memory/intrusive_list.hpp>
#include <heddle/detail/timers/timer_heap.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

/// An explorer that makes every choice for the hosts of a context: which task runs
/// next, and which ready arm happens.
class chooser {
public:
    virtual std::uint32_t choose(std::uint32_t n) noexcept = 0;  // below n
    /// Is told that the last choice changed nothing: every other one would have led
    /// here too.
    virtual void was_moot() noexcept = 0;

protected:
    ~chooser() = default;
};

/// A host as its context sees it: the context counts, describes, wakes and ends it.
/// Invariant:
///   [listed] other threads find a member in the list of its context from when it is
///            complete until just before its destructor runs.
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
    virtual std::size_t owned_by_handlers() noexcept = 0;  // how many of its tasks
    virtual void describe(std::string& to) = 0;

    /// The first deadline of its timers; max() if it has none.
    virtual time_point first_deadline() noexcept = 0;

    /// Lets the drainer look at its timers, as these or the time have changed. May be
    /// called from any thread.
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

    list_place<context_member> in_context_;  // guarded by the context's lock
    bool counted_ = false;  // it counts as a host that may wake tasks of other contexts
};

}  // namespace heddle::detail
