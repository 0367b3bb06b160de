// SPDX-License-Identifier: BSL-1.0
// The algorithm of the selector, which does not know the types of its arms:
// lib/wait/selector.cpp.
#pragma once

#include <heddle/detail/core/host.hpp>
#include <heddle/detail/core/operation.hpp>
#include <heddle/detail/memory/frame_pool.hpp>

#include <coroutine>
#include <cstddef>
#include <memory>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

class selector_core;

/// An arm that stays enlisted from one wait to the next. Invariant, whenever no thread
/// works on it:
///   [place] an enabled arm is in exactly one place: enlisted at its source, which was
///           not ready then; in its set's `ready_` or `news_`, waiting to be tried; or
///           nowhere, because it was nil when it was last tried.
struct selector_arm : sleeper, pooled {
    static constexpr std::size_t nowhere = ~std::size_t{0};

    virtual ~selector_arm() = default;
    virtual operation& node() noexcept = 0;

    operation* op = nullptr;  // node()
    selector_core* set = nullptr;
    bool on = false;
    std::size_t place = nowhere;  // in ready_
};

class HEDDLE_API selector_core : pinned {
public:
    selector_core() = default;
    ~selector_core();

    std::size_t add(std::unique_ptr<selector_arm>);
    void replace(std::size_t, std::unique_ptr<selector_arm>);
    void remove(std::size_t);
    void disable(std::size_t);
    void enable(std::size_t);
    std::size_t size() const noexcept { return arms_.size() - free_.size(); }

    /// Returns whether the wait does not throw although its scope is closed: because an
    /// arm has happened, or waits for the closed token that is in force, or for one
    /// above it.
    bool has_token_arm(process&) noexcept;

    bool ready(process&) noexcept;
    std::coroutine_handle<> suspend(process&, std::coroutine_handle<>) noexcept;

    /// Returns false if the token in force closed.
    bool resume(process&) noexcept;
    std::size_t complete();

    /// Called when the waiting task is destroyed.
    void leave(process&) noexcept;

    /// Called by the source of `op`, with its lock held, when `op` could happen.
    /// Returns whether the task was waiting and has been claimed: then it is the waiter
    /// (`who`) of `op`. Otherwise the arm becomes news.
    bool claim(operation& op) noexcept;

private:
    /// `idle`: no task waits, or the task found no ready arm and has not parked yet.
    /// `happened`: chosen_ has happened, and the task was not told yet.
    enum class state : std::uint8_t { idle, parked, happened };
    enum class parking : std::uint8_t { parked, news, cancelled };

    selector_arm& arm(std::size_t index);
    void install(std::size_t index, std::unique_ptr<selector_arm>) noexcept;
    void uninstall(std::size_t index) noexcept;
    void take_news() noexcept {
        if (news_.load(std::memory_order_relaxed))  // else park() finds later news
            make_news_ready();
    }
    void make_news_ready() noexcept;
    void put_ready(selector_arm&) noexcept;
    void unready(selector_arm&) noexcept;
    void turn_on(selector_arm&) noexcept;
    void turn_off(selector_arm&) noexcept;
    void link(operation&) noexcept;
    void unlink(operation&) noexcept;
    void unpark(process&) noexcept;
    bool look(process&) noexcept;
    bool look_by_choice(host&) noexcept;
    selector_arm* token_arm(process&) noexcept;
    bool attempt(selector_arm&, host&) noexcept;
    void put_back_kin(const spin_lock&) noexcept;
    void look_again(selector_arm&) noexcept;
    parking park(process&) noexcept;

    spin_lock lock_;
    process* parked_ = nullptr;  // the waiting task; guarded by lock_
    /// The arms that became ready while no task waited; written under lock_.
    atomic<selector_arm*> news_{nullptr};
    std::vector<selector_arm*> ready_;  // to be tried
    std::vector<std::unique_ptr<selector_arm>> arms_;
    std::vector<std::size_t> free_;  // the empty places of arms_
    operation* first_ =
        nullptr;  // all arms, by sibling: for dumps, and the end of a host
    operation* last_ = nullptr;
    selector_arm* chosen_ = nullptr;
    selector_arm* token_arm_ = nullptr;  // the last that token_arm() found
    state state_ = state::idle;
};

/// Awaits the next arm that happens.
class next_awaiter : pinned {
public:
    next_awaiter(selector_core& set, process& self) noexcept : set_(set), self_(self) {}
    ~next_awaiter() { set_.leave(self_); }

    bool await_ready() noexcept {
        cancelled_ = self_.interrupted() && !set_.has_token_arm(self_);
        return cancelled_ || set_.ready(self_);
    }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> frame) noexcept {
        return set_.suspend(self_, frame);
    }
    std::size_t await_resume() {
        if (cancelled_ || !set_.resume(self_))
            self_.throw_cancelled();
        return set_.complete();
    }

private:
    selector_core& set_;
    process& self_;
    bool cancelled_ = false;
};

}  // namespace heddle::detail
