// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/channel.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// Thrown to the owner of a future whose promise is gone, and gave nothing.
class HEDDLE_API broken_promise : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

[[noreturn]] HEDDLE_API void throw_no_value(std::exception_ptr cause, bool taken);

/// Where the value of a oneshot goes. It throws if there is none.
template <class T>
struct to_future {
    T deliver(std::optional<T>& value) const {
        check(value);
        T got(*std::move(value));
        value.reset();
        return got;
    }
    void check(const std::optional<T>& value) const {
        if (!value)
            throw_no_value(channel->cause(), *taken);
        *taken = true;
    }
    channel_core<T>* channel;
    bool* taken;
};

template <class T>
struct to_future_optional {
    void deliver(std::optional<T>& value) const {
        from.check(value);
        to->emplace(*std::move(value));
        value.reset();
    }
    to_future<T> from;
    std::optional<T>* to;
};

/// The wait for the value, by a task or as an arm.
template <class T, class Destination>
class [[nodiscard("heddle: co_await this wait for the value of a oneshot: before that "
                  "nothing is waited for")]] future_op : public awaited_by_tasks {
public:
    future_op(channel_core<T>* channel, Destination to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(process& self) const {
        return await_channel<receive_attempt<T, Destination>>(self, channel_, to_);
    }
    channel_core<T>* channel() const noexcept { return channel_; }
    Destination destination() const noexcept { return to_; }

private:
    channel_core<T>* channel_;
    Destination to_;
};

template <class T>
class future_arm : public future_op<T, to_future_optional<T>> {
public:
    using future_op<T, to_future_optional<T>>::future_op;
    using arm_node = receive_wait<T, to_future_optional<T>>;
};

template <class T>
class future_value : public future_op<T, to_future<T>> {
public:
    using future_op<T, to_future<T>>::future_op;
    static constexpr auto mistake = mistake_kind::receive_value;
};

/// A wait that ends when the channel of a oneshot is closed.
template <class T>
class abandoned_operation final : public sending_operation<T> {
public:
    explicit abandoned_operation(channel_core<T>* channel) noexcept
        : sending_operation<T>(channel, nullptr) {}
    template <no_operation Op>
    explicit abandoned_operation(Op& op) noexcept : abandoned_operation(op.channel()) {}

    bool attempt_locked(wake_list&) noexcept override {
        return this->channel_->closed_locked();
    }
    void describe(std::string& to) const override { to += "until a future is gone"; }
    void take() const noexcept {}
};

template <class T>
class [[nodiscard(
    "heddle: co_await abandoned(), or make it an arm: before that nothing "
    "is waited for")]] abandoned_op : public awaited_by_tasks {
public:
    explicit abandoned_op(channel_core<T>* channel) noexcept : channel_(channel) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(process& self) const {
        return await_one<abandoned_operation<T>>(self, channel_);
    }
    using arm_node = abandoned_operation<T>;
    channel_core<T>* channel() const noexcept { return channel_; }

private:
    channel_core<T>* channel_;
};

}  // namespace detail

/// The end of a oneshot that gives the value. See there.
template <class T>
class [[nodiscard]] promise {
public:
    /// Nil: there is no future.
    promise() noexcept = default;
    promise(promise&&) noexcept = default;
    promise& operator=(promise&& o) noexcept {
        promise old(std::move(*this));
        to_ = std::move(o.to_);
        return *this;
    }
    ~promise() { to_.try_close(); }

    /// Gives the value. Never waits. Returns false, and leaves the value, if the future
    /// is gone, or was given something before.
    bool set(T&& value) noexcept {
        return to_ != nullptr && to_.core()->send_last(value);
    }
    bool set(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        T copy(value);
        return set(std::move(copy));
    }
    bool set() noexcept
        requires std::is_same_v<T, unit>
    {
        return set(unit());
    }

    /// Gives an exception, which the wait of the future throws. Returns as set().
    /// std::bad_alloc: nothing was given.
    bool fail(std::exception_ptr why) {
        return to_ != nullptr && to_.core()->close(std::move(why));
    }

    /// Suspends until the future is gone, or has been given something: work for a value
    /// that nobody wants can end. It is an arm.
    detail::abandoned_op<T> abandoned() const noexcept {
        return detail::abandoned_op<T>(to_.core());
    }

    // -- for the library ------------------------------------------------------------
    explicit promise(const channel<T>& c) noexcept : to_(c) {}

private:
    sender<T> to_;
};

/// The end of a oneshot that waits for the value. See there.
template <class T>
class [[nodiscard]] future {
public:
    /// Nil: its wait lasts for ever.
    future() noexcept = default;
    future(future&&) noexcept = default;
    future& operator=(future&& o) noexcept {
        future old(std::move(*this));
        from_ = std::move(o.from_);
        taken_ = o.taken_;
        return *this;
    }
    ~future() {
        if (from_ != nullptr)
            from_.core()->close();
    }

    /// Suspends until the promise has given something; gives the value, or throws.
    detail::future_value<T> get() noexcept { return {from_.core(), to_result()}; }

    /// Puts the value into `to`. It is an arm: a select that it wins throws what get()
    /// throws.
    detail::future_arm<T> get(std::optional<T>& to) noexcept {
        return {from_.core(), {to_result(), std::addressof(to)}};
    }

    /// For a plain thread: blocks it, as receive_blocking() of a channel.
    T get_blocking() {
        detail::receive_wait<T, detail::to_future<T>> op(from_.core(), to_result());
        detail::thread_wait().wait(op);
        return op.take();
    }

    /// Whether get() would not wait.
    bool ready() const noexcept {
        return from_ != nullptr && (from_.closed() || from_.size() != 0);
    }

    // -- for the library ------------------------------------------------------------
    explicit future(const channel<T>& c) noexcept : from_(c) {}

private:
    detail::to_future<T> to_result() noexcept { return {from_.core(), &taken_}; }

    receiver<T> from_;
    bool taken_ = false;
};

/// A oneshot hands over one value, from whoever has the promise to whoever has the
/// future.
///
///     auto [promise, future] = heddle::oneshot<reply>();
///     lookup(key, [p = std::move(promise)](reply r) mutable { p.set(std::move(r)); });
///     reply r = co_await future.get();
///
/// A value that was given to nobody is still the giver's. The one other thing that the
/// future can be given is an exception.
///
/// Threads   each end on a thread of its own, and what a callback calls on any; one end
///           from one thread at a time.
/// Resumes   the task that waits in get(), on its own host, never inside the call.
/// Closing   a promise that is destroyed and gave nothing: get() throws broken_promise.
///           A future that is destroyed: set() returns false, abandoned() is ready.
/// Cancel    a get() that is cancelled, or loses its select, has taken nothing.
/// Lifetime  each end outlives its waits; the ends need not outlive each other.
/// Errors    a second get() after the value was taken: already_joined. To make a
///           oneshot takes memory: std::bad_alloc. T as of channel.
template <class T = unit>
struct oneshot {
    oneshot() : oneshot(make()) {}

    heddle::promise<T> promise;
    heddle::future<T> future;

private:
    static channel<T> make() {
        channel<T> c(1);
        c.core()->allow_permits();  // the wait for an abandoned future is no send
        return c;
    }
    explicit oneshot(const channel<T>& c) noexcept : promise(c), future(c) {}
};

}  // namespace heddle
