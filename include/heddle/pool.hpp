// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/pool_core.hpp>
#include <heddle/detail/wait/sync_core.hpp>
#include <heddle/go.hpp>
#include <heddle/select.hpp>
#include <heddle/sync.hpp>
#include <heddle/time.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

template <class T>
class lease;
template <class T>
class pool;

/// A place in a pool: the right to one of its objects. Destroyed, it goes to the one who
/// has waited longest.
template <class T>
class [[nodiscard]] pool_place {
    using core = detail::pool_core<T>;

public:
    pool_place(pool_place&&) noexcept = default;
    pool_place& operator=(pool_place&& o) noexcept {
        pool_place old(std::move(*this));
        core_ = std::move(o.core_);
        return *this;
    }
    ~pool_place() {
        if (!core_)
            return;
        {
            detail::guard g(core_->lock);
            --core_->lent;
        }
        core_->places->give();
    }

    // -- for the library ------------------------------------------------------------
    explicit pool_place(std::shared_ptr<core> c) noexcept : core_(std::move(c)) {
        detail::guard g(core_->lock);
        ++core_->lent;
    }

private:
    friend lease<T>;
    friend pool<T>;

    std::shared_ptr<core> core_;
};

/// An object of a pool, lent until this is destroyed. A lease that was moved from, or whose
/// object was discarded, has none. Requires of `*` and `->`: it has one.
template <class T>
class [[nodiscard]] lease {
    using core = detail::pool_core<T>;

public:
    lease(lease&&) noexcept = default;
    lease& operator=(lease&& o) noexcept {
        lease old(std::move(*this));
        place_ = std::move(o.place_);
        object_ = std::move(o.object_);
        return *this;
    }
    ~lease() {
        if (place_ && !object_.empty())
            place_->core_->put(object_);
    }

    T& operator*() noexcept { return object_.front().value; }
    T* operator->() noexcept { return std::addressof(object_.front().value); }

    /// Destroys the object, which is broken, or in a state that nobody knows, and gives
    /// its place free. The lease has none then.
    void discard() noexcept {
        object_.clear();
        place_.reset();
    }
    explicit operator bool() const noexcept { return place_ && !object_.empty(); }

private:
    friend pool<T>;
    using objects = typename core::objects;
    lease(pool_place<T> place, objects one) noexcept
        : place_(std::move(place)), object_(std::move(one)) {}

    std::optional<pool_place<T>> place_;  // is given free after the object is put back
    objects object_;
};

namespace detail {

template <class T>
class place_operation final : public permit_operation {
public:
    template <no_operation Op>
    explicit place_operation(Op& op) noexcept
        : permit_operation(*op.pool->places), pool_(op.pool), to_(op.to) {}

    void complete() override {
        claim_permit();
        to_->emplace(pool_);
    }
    void take() { complete(); }

private:
    std::shared_ptr<pool_core<T>> pool_;
    std::optional<pool_place<T>>* to_;
};

}  // namespace detail

/// What place() returns, to be `co_await`ed, or an arm.
template <class T>
struct [[nodiscard(
    "heddle: co_await this place, or make it an arm: before that nothing "
    "is waited for")]] place_op : detail::awaited_by_tasks {
    place_op(std::shared_ptr<detail::pool_core<T>> p,
             std::optional<pool_place<T>>& t) noexcept
        : pool(std::move(p)), to(&t) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_one<detail::place_operation<T>>(self, *this);
    }
    using arm_node = detail::place_operation<T>;
    std::shared_ptr<detail::pool_core<T>> pool;
    std::optional<pool_place<T>>* to;
};

/// A pool lends objects that are dear to make, as connections to a server, and keeps them
/// for the next.
///
///     heddle::pool<connection> pool(make_one, {.limit = 8, .idle = 30s});
///     auto c = co_await pool.take();       // one that lies there, or a new one
///     co_await c->ask(question);           // an error: c.discard(), it is broken
///
/// `make_one` is a coroutine that makes an object, task<connection>. A second function
/// may look at an object that has lain in the pool before it is lent again, and returns
/// bool or task<bool>: one that is not healthy is destroyed, and the next is looked at.
/// The object that was put back last is lent first, so that those beyond the need lie
/// until they are too old.
///
///     std::optional<heddle::pool_place<connection>> place;
///     if (co_await heddle::select(pool.place(place), heddle::after(1s)) == 1) ...  // busy
///     auto c = co_await pool.take(*std::move(place));
///
/// Threads   every member, and those of leases, from any thread; take() in a task, in
///           which also the functions run.
/// Resumes   those that wait for a place in order of arrival.
/// Cancel    a take() that is cancelled has taken nothing: its place goes to the next,
///           and an object that it found healthy stays.
/// Lifetime  leases do not refer to this object. When it is destroyed, so are the objects
///           that lie in it; those that are lent are when they come back. Until then a
///           task, under no token, waits on the host where the first was made for
///           objects that lie too long.
/// Errors    a limit below 1, an idle time of zero or less: std::invalid_argument. An
///           exception of the functions is passed on by take(), and the place is free.
/// Complexity  O(1), but for objects that are destroyed.
template <class T>
class pool {
    using core = detail::pool_core<T>;
    using objects = typename core::objects;

public:
    template <class Make>
        requires std::is_invocable_r_v<task<T>, Make&>
    explicit pool(Make make, pool_options options = {})
        : core_(std::make_shared<core>(options)) {
        core_->make = std::move(make);
    }
    template <class Make, class Healthy>
        requires std::is_invocable_r_v<task<T>, Make&> &&
                 std::is_invocable_v<Healthy&, T&>
    pool(Make make, Healthy healthy, pool_options options = {})
        : pool(std::move(make), options) {
        if constexpr (std::same_as<std::invoke_result_t<Healthy&, T&>, task<bool>>)
            core_->healthy = std::move(healthy);
        else
            core_->healthy = [h = std::move(healthy)](T& object) mutable -> task<bool> {
                return told(h(object));
            };
    }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool() {
        objects old;
        {
            detail::guard g(core_->lock);
            core_->closed = true;
            old.swap(core_->idle);
        }
        core_->changed.notify_one();
    }

    /// Waits for a place, and for an object to be made if none lies there.
    task<lease<T>> take() const { return take_any(core_); }

    /// The wait for a place alone, which take(place) uses. It is an arm.
    place_op<T> place(std::optional<pool_place<T>>& to) const noexcept {
        return place_op<T>(core_, to);
    }
    /// Requires: it is a place of this pool, and was not moved from.
    task<lease<T>> take(pool_place<T> place) const {
        return take_with(std::move(place));
    }

    pool_counts counts() const noexcept {
        detail::guard g(core_->lock);
        return {core_->idle.size(), core_->lent};
    }

private:
    static task<bool> told(bool healthy) { co_return healthy; }

    static task<lease<T>> take_any(std::shared_ptr<core> all) {
        std::optional<pool_place<T>> place;
        co_await place_op<T>(std::move(all), place);
        co_return co_await take_with(*std::move(place));
    }

    static task<lease<T>> take_with(pool_place<T> place) {
        core& all = *place.core_;
        for (;;) {
            objects old;
            lease<T> found(std::move(place), all.take(old));
            if (!found) {
                place = *std::move(found.place_);
                break;
            }
            bool healthy = !all.healthy;
            if (!healthy)
                healthy = co_await is_healthy(all, found);
            if (healthy)
                co_return found;
            found.object_.clear();
            place = *std::move(found.place_);
        }
        if (all.begins_to_reap())
            detail::start(detail::running_host(), detail::task_locals(),
                          reap(reaping(place.core_)), nullptr, nullptr);
        T value = co_await all.make();
        objects made;
        made.push_back({std::move(value), {}});
        co_return lease<T>(std::move(place), std::move(made));
    }

    static task<bool> is_healthy(core& all, lease<T>& found) {
        try {
            co_return co_await all.healthy(*found);
        } catch (const cancelled&) {
            throw;  // nothing is known of the object, which goes back
        } catch (...) {
            found.object_.clear();
            throw;
        }
    }

    /// The first parameter of the task that destroys what lies too long.
    struct reaping {
        explicit reaping(std::shared_ptr<core> c) noexcept : all(std::move(c)) {}
        reaping(reaping&&) noexcept = default;
        ~reaping() {
            if (!all)
                return;
            detail::guard g(all->lock);
            all->reaped = false;
        }
        std::shared_ptr<core> all;
    };

    static task<> reap(reaping r) {
        core& all = *r.all;
        for (;;) {
            time_point next = all.destroy_old();
            if (all.is_closed())
                co_return;
            co_await select(all.changed.wait(), at(next));
        }
    }

    std::shared_ptr<core> core_;
};

}  // namespace heddle
