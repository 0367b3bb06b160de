// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/channel_operations.hpp>
#include <heddle/detail/wait/broadcast_core.hpp>
#include <heddle/detail/wait/channel_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A send to a broadcast waits until its slowest subscriber has made room, so none
/// loses a value.
struct hold_back_t {
    explicit hold_back_t() = default;
};
inline constexpr hold_back_t hold_back{};

namespace detail {

template <class T>
class subscription_receive final : public broadcast_receive {
public:
    using broadcast_receive::broadcast_receive;
    std::shared_ptr<const T> take() noexcept {
        return std::static_pointer_cast<const T>(std::exchange(value, nullptr));
    }
};

template <class T>
class subscription_receive_into final : public broadcast_receive {
public:
    template <no_operation Op>
    explicit subscription_receive_into(Op& op) noexcept
        : broadcast_receive(op.core(), op.place()), to_(op.destination()) {}
    void complete() override { (void)take(); }
    bool take() noexcept {
        to_ = std::static_pointer_cast<const T>(std::exchange(value, nullptr));
        return to_ != nullptr;
    }

private:
    std::shared_ptr<const T>& to_;
};

}  // namespace detail

/// receive() of a subscription that gives the value. It is not an arm: its value would
/// be lost.
template <class T>
class [[nodiscard("heddle: co_await this receive: before that nothing is "
                  "received")]] subscription_value_op
    : public detail::awaited_by_tasks {
public:
    subscription_value_op(detail::broadcast_core& core,
                          detail::broadcast_place& place) noexcept
        : core_(&core), place_(&place) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::receive_value;
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::subscription_receive<T>>(self, *core_,
                                                                  *place_);
    }

private:
    detail::broadcast_core* core_;
    detail::broadcast_place* place_;
};

/// receive() of a subscription into a pointer: an arm, or `co_await`ed to a bool.
template <class T>
class [[nodiscard(
    "heddle: co_await this receive, or make it an arm: before that nothing "
    "is received")]] subscription_op : public detail::awaited_by_tasks {
public:
    subscription_op(detail::broadcast_core& core, detail::broadcast_place& place,
                    std::shared_ptr<const T>& to) noexcept
        : core_(&core), place_(&place), to_(&to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::subscription_receive_into<T>>(self, *this);
    }
    using arm_node = detail::subscription_receive_into<T>;
    detail::broadcast_core& core() const noexcept { return *core_; }
    detail::broadcast_place& place() const noexcept { return *place_; }
    std::shared_ptr<const T>& destination() const noexcept { return *to_; }

private:
    detail::broadcast_core* core_;
    detail::broadcast_place* place_;
    std::shared_ptr<const T>* to_;
};

/// A send to a broadcast, which owns its value: `co_await`ed, or an arm.
class [[nodiscard(
    "heddle: co_await this send, or make it an arm: before that nothing is "
    "sent")]] broadcast_send_op : public detail::awaited_by_tasks {
public:
    broadcast_send_op(detail::broadcast_core& core,
                      detail::broadcast_core::pointer value) noexcept
        : core_(&core), value_(std::move(value)) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_one<detail::broadcast_send>(self, *core_, value_);
    }
    using arm_node = detail::broadcast_send;
    detail::broadcast_core& core() const noexcept { return *core_; }
    detail::broadcast_core::pointer& value() noexcept { return value_; }

private:
    detail::broadcast_core* core_;
    detail::broadcast_core::pointer value_;
};

/// A subscription gets every value that is sent to its broadcast from now on. See
/// there.
template <class T>
class [[nodiscard]] subscription {
public:
    subscription(subscription&& o) noexcept
        : core_(std::move(o.core_)), place_(o.place_) {}
    subscription& operator=(subscription&& o) noexcept {
        subscription old(std::move(*this));
        core_ = std::move(o.core_);
        place_ = o.place_;
        return *this;
    }
    ~subscription() {
        if (core_)
            core_->unsubscribe(place_);
    }

    /// Suspends until there is a value; null: the broadcast is closed, and all was
    /// received.
    subscription_value_op<T> receive() {
        return subscription_value_op<T>(core(), place_);
    }
    /// The same into `to`; `co_await` gives a bool. The form for select.
    subscription_op<T> receive(std::shared_ptr<const T>& to) {
        return {core(), place_, to};
    }
    /// Never waits. Leaves `to` alone unless it gives `done`.
    [[nodiscard]] try_status try_receive(std::shared_ptr<const T>& to) {
        detail::broadcast_core::pointer value;
        switch (core().try_receive(place_, value)) {
        case detail::outcome::done:
            to = std::static_pointer_cast<const T>(std::move(value));
            return try_status::done;
        case detail::outcome::closed:
            return try_status::closed;
        default:
            return try_status::would_block;
        }
    }

    /// How many values it has lost so far: those that were overwritten before the value
    /// that it received last. Always 0 of a broadcast that holds back.
    std::uint64_t lost() const { return core().lost(place_); }

    /// How many values it can receive without waiting.
    std::size_t size() const { return core().unread(place_); }

    // -- for the library ------------------------------------------------------------
    subscription(detail::counted<detail::broadcast_core> core,
                 std::size_t replay) noexcept
        : core_(std::move(core)) {
        core_->subscribe(place_, replay);
    }

private:
    detail::broadcast_core& core() const {
        if (!core_)
            detail::throw_subscription_moved();
        return *core_;
    }

    detail::counted<detail::broadcast_core> core_;
    detail::broadcast_place place_;
};

/// A broadcast sends every value to every subscriber. A handle is cheap; a copy is the
/// same broadcast.
///
///     heddle::broadcast<tick> ticks(64);
///     heddle::go(show, ticks.subscribe());
///     co_await ticks.send(tick(price));
///
///     while (auto t = co_await in.receive()) draw(*t);      // show(heddle::subscription<tick> in)
///     if (in.lost() != before) ...                          // it was too slow
///
/// It keeps the last `capacity` values. A subscriber that is slower loses the oldest,
/// and goes on with those that are kept: lost() counts them. With hold_back none is
/// lost, and the sender waits for the slowest subscriber. Each subscriber receives
/// values in the order of the sends, each once, unless it lost it. A value is made
/// once, shared by all who receive it, and const.
///
/// Threads   every member of a broadcast from any thread. One subscription from one
///           task at a time; two that wait in it at once get the same value.
/// Resumes   subscribers that wait, in order of arrival, and with hold_back senders, in
///           theirs; on their own hosts, never inside the call. A send is O(subscribers
///           that wait), subscribe() O(values replayed), the end of a subscription
///           O(values unread), all else O(1).
/// Closing   close(): subscribers receive the values that are kept, then null; sends throw
///           channel_closed, those that wait, too, and their values are destroyed.
///           Dropping handles closes nothing. Without a subscriber a value is only
///           kept.
/// Cancel    a wait that is cancelled, or loses its select, has received or sent
///           nothing.
/// Lifetime  the broadcast lives while a handle or a subscription does; both outlive
///           their waits. A subscription that is being waited in must not be moved.
/// Errors    a capacity of 0, or that cannot be had: std::length_error. A call of
///           a subscription that was moved from: std::logic_error. Each send takes
///           memory for its value: std::bad_alloc, and nothing was sent.
template <class T>
class broadcast {
public:
    broadcast(const broadcast&) noexcept = default;  // a move is a copy: never nil
    broadcast& operator=(const broadcast&) noexcept = default;
    explicit broadcast(std::size_t capacity)
        : core_(core_.adopt(new detail::broadcast_core(capacity, false))) {}
    broadcast(std::size_t capacity, hold_back_t)
        : core_(core_.adopt(new detail::broadcast_core(capacity, true))) {}

    /// Waits only with hold_back. The value is moved, or copied, now.
    template <class U = T>
        requires(std::constructible_from<T, U> && !detail::destroyed_twice<T>)
    broadcast_send_op send(U&& value) const {
        return emplace(std::forward<U>(value));
    }

    // The same, where the compiler would destroy a value twice that is made inside a
    // co_await expression; a list in braces is refused.
    template <class U>
        requires(std::constructible_from<T, U> && detail::destroyed_twice<T>)
    broadcast_send_op send(U&& value) const {
        return emplace(std::forward<U>(value));
    }
    broadcast_send_op send(detail::braces) const
        requires detail::destroyed_twice<T>
    {
        constexpr bool right = sizeof(T) == 0;
        static_assert(right,
                      "heddle: g++ before 13 destroys an aggregate twice that is made "
                      "inside a co_await expression: write b.emplace(args...)");
        std::terminate();
    }

    /// The same; builds the value from the arguments.
    template <class... Args>
    broadcast_send_op emplace(Args&&... args) const {
        if constexpr (std::is_constructible_v<T, Args&&...>)
            return {*core_, std::make_shared<const T>(std::forward<Args>(args)...)};
        else
            return {*core_, std::make_shared<const T>(T{std::forward<Args>(args)...})};
    }
    /// Never waits. Unless it gives `done`, the value was destroyed.
    template <class U = T>
        requires std::constructible_from<T, U>
    [[nodiscard]] try_status try_send(U&& value) const {
        detail::broadcast_core::pointer sent =
            std::make_shared<const T>(std::forward<U>(value));
        switch (core_->try_send(sent)) {
        case detail::outcome::done:
            return try_status::done;
        case detail::outcome::closed:
            return try_status::closed;
        default:
            return try_status::would_block;
        }
    }

    /// Subscribes to the values from now on, and before them the last `replay` of those
    /// that are kept.
    subscription<T> subscribe(std::size_t replay = 0) const { return {core_, replay}; }

    /// Closing twice throws channel_closed.
    void close() const {
        if (!try_close())
            detail::throw_close_of_closed_broadcast();
    }
    /// Whether this call closed it.
    bool try_close() const noexcept { return core_->close(); }
    bool closed() const noexcept { return core_->closed(); }

    /// How many subscriptions there are.
    std::size_t subscribers() const noexcept { return core_->subscribers(); }

    friend bool operator==(const broadcast&, const broadcast&) = default;

private:
    detail::counted<detail::broadcast_core> core_;
};

}  // namespace heddle
