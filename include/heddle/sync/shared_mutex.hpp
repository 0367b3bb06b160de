// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/shared_core.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

[[noreturn]] HEDDLE_API void throw_unlock_of_nothing();

/// Holds a shared_mutex, to write or to read, or nothing; it unlocks when it is
/// destroyed.
template <bool Shared>
class [[nodiscard]] shared_guard {
public:
    shared_guard() noexcept = default;
    shared_guard(shared_guard&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
    shared_guard& operator=(shared_guard&& o) noexcept {
        shared_guard old(std::move(*this));
        core_ = std::exchange(o.core_, nullptr);
        return *this;
    }
    ~shared_guard() {
        if (core_)
            core_->give();
    }

    /// Unlocks before the end of the scope. Without a lock: std::logic_error.
    void unlock() {
        if (!core_)
            throw_unlock_of_nothing();
        std::exchange(core_, nullptr)->give();
    }

    /// Does it hold a shared_mutex?
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // -- for the library ------------------------------------------------------------
    explicit shared_guard(shared_core& core) noexcept : core_(&core) {}

private:
    shared_core* core_ = nullptr;  // alive: a holder is one of its users
};

template <bool Shared>
class shared_lock_operation final : public shared_operation {
public:
    explicit shared_lock_operation(shared_core& core) noexcept
        : shared_operation(core, Shared) {}
    shared_guard<Shared> take() noexcept { return shared_guard<Shared>(claim_hold()); }
};

template <bool Shared>
class shared_lock_into_operation final : public shared_operation {
public:
    template <no_operation Op>
    explicit shared_lock_into_operation(Op& op) noexcept
        : shared_operation(op.core(), Shared), to_(op.destination()) {}
    bool happens_once() const noexcept override { return true; }
    void complete() override { take(); }
    void take() noexcept { to_ = shared_guard<Shared>(claim_hold()); }

private:
    shared_guard<Shared>& to_;
};

template <bool Shared>
class [[nodiscard("heddle: auto guard = co_await m.lock(): before that nothing is "
                  "locked")]] shared_lock_op : public awaited_by_tasks {
public:
    explicit shared_lock_op(shared_core& core) noexcept : core_(&core) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = mistake_kind::lock;
    auto await_by(process& self) const {
        return await_one<shared_lock_operation<Shared>>(self, *core_);
    }

private:
    shared_core* core_;
};

template <bool Shared>
class [[nodiscard("heddle: co_await m.lock(guard), or make it an arm: before that "
                  "nothing is locked")]] shared_lock_into_op : public awaited_by_tasks {
public:
    shared_lock_into_op(shared_core& core, shared_guard<Shared>& to) noexcept
        : core_(&core), to_(&to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(process& self) const {
        return await_one<shared_lock_into_operation<Shared>>(self, *this);
    }
    using arm_node = shared_lock_into_operation<Shared>;
    shared_core& core() const noexcept { return *core_; }
    shared_guard<Shared>& destination() const noexcept { return *to_; }

private:
    shared_core* core_;
    shared_guard<Shared>* to_;
};

}  // namespace detail

/// A shared_mutex lets one task at a time write, or many read; it is held across
/// co_awaits, by a guard.
///
///     auto reading = co_await m.lock_shared();
///     auto writing = co_await m.lock();                        // in another task
///     heddle::shared_mutex::guard held;
///     switch (co_await heddle::select(m.lock(held), heddle::after(1s))) ...   // an arm
///
/// Not recursive, and a reader cannot become a writer: both would wait for themselves.
/// Where no task waits while it reads, or while it writes, tasks of one serial host
/// need none: see sync.hpp.
///
/// Threads   every member may be called from any thread, and a guard may unlock on
///           another thread than the one it was locked on; one guard from one thread at
///           a time.
/// Resumes   in order of arrival: readers that wait one after the other together, each
///           on its own host, never inside unlock(). No task overtakes another, so a
///           writer waits for the readers that came before it only. Every operation is
///           O(1) for each task that it lets go on.
/// Cancel    a lock that is cancelled, or loses its select, has taken nothing; readers
///           that waited behind a writer go on. If a task is destroyed before it could
///           use the lock that it was handed, the lock is given on.
/// Lifetime  as of mutex.
/// Errors    unlocking through a guard that holds nothing: std::logic_error.
class shared_mutex {
public:
    using guard = detail::shared_guard<false>;
    using shared_guard = detail::shared_guard<true>;

    shared_mutex() : core_(core_.adopt(new detail::shared_core())) {}
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;

    /// Gives a guard that holds the mutex alone. It is not an arm: its guard would be
    /// lost.
    detail::shared_lock_op<false> lock() const noexcept {
        return detail::shared_lock_op<false>(*core_);
    }
    /// Puts the guard into `to`, which then unlocks what it held before; this is the
    /// form for select.
    detail::shared_lock_into_op<false> lock(guard& to) const noexcept {
        return {*core_, to};
    }
    /// Never waits. The guard is empty if the mutex is held, or waited for.
    guard try_lock() const noexcept {
        return core_->try_take(false) ? guard(*core_) : guard();
    }

    /// The same for a guard that holds it beside other readers.
    detail::shared_lock_op<true> lock_shared() const noexcept {
        return detail::shared_lock_op<true>(*core_);
    }
    detail::shared_lock_into_op<true> lock_shared(shared_guard& to) const noexcept {
        return {*core_, to};
    }
    shared_guard try_lock_shared() const noexcept {
        return core_->try_take(true) ? shared_guard(*core_) : shared_guard();
    }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::mutex;

private:
    detail::counted<detail::shared_core> core_;
};

}  // namespace heddle
