// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/stream_turn.hpp>
#include <heddle/task.hpp>

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A stream is a coroutine that yields values, one when its reader asks for one.
///
///     heddle::stream<int> count(int from) { for (;;) co_yield from++; }
///     auto numbers = count(1);
///     while (auto n = co_await numbers.next()) use(*n);
///
/// Its body runs as a call of the task that awaits next(): in its process, on its host,
/// under its token. There is no other task, and no channel. It may co_await what a task
/// may, and uses co_return without a value. heddle/streams.hpp has the operators that
/// make streams of streams: `count(1) | heddle::streams::map(square)`.
///
/// A value that is yielded as an rvalue is moved once, into what next() gives; an lvalue
/// is copied first.
///
/// Threads   one task at a time; it may be handed to another task, on another thread,
///           between two next().
/// Resumes   the reader at once when a value is yielded, and the body at once in next():
///           neither waits for its turn.
/// Closing   at the end of the body, or when an exception has left it, its frame is
///           destroyed, before that next() returns; from then on next() gives an empty
///           optional. A stream that is dropped destroys its frame where it yields: the
///           variables there, and the streams that they hold, the innermost first. A
///           body that needs to co_await at its end does that before it returns.
/// Cancel    next() is a call, not a wait, and no arm: it does not throw `cancelled`
///           itself, the waits in the body do. For an arm use streams::to_channel.
/// Lifetime  movable between two next(), and read by nobody else while one is awaited;
///           asserted. Arguments that are taken by reference outlive the stream. A
///           moved-from stream has ended.
/// Errors    an exception that leaves the body leaves next().
/// Memory    one frame, from the pool. next() takes none; O(1).
template <class T>
class [[nodiscard("heddle: a stream that nobody reads does nothing")]] stream {
    static_assert(detail::is_yielded<T>());

public:
    class promise_type;
    using value_type = T;

    stream(stream&& o) noexcept : call_(std::exchange(o.call_, {})) {}
    stream& operator=(stream&& o) noexcept {
        stream old(std::move(*this));
        call_ = std::exchange(o.call_, {});
        return *this;
    }
    ~stream() {
        if (call_.callee)
            call_.callee.destroy();
    }

    /// `co_await` gives a std::optional<T>: the next value; empty: the stream has ended.
    detail::next_op<stream> next() noexcept { return detail::next_op<stream>(*this); }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::stream;

    bool has_ended() const noexcept { return !call_.callee; }

    /// The body goes on, until it gives a value to `to` that ends the turn, or ends.
    std::coroutine_handle<> begin_turn(detail::process& self,
                                       detail::taker<T>& to) noexcept {
        assert(!call_.caller && "heddle: a stream that is read already is read");
        promise_type& body = promise();
        body.self = &self;
        body.called_by = &call_;
        body.to = &to;
        call_.caller = self.top;
        self.top = &body;
        return self.home->transfer(self);
    }

    /// After a turn in which a value was taken.
    void leave_turn() noexcept { call_.caller = nullptr; }

    /// After a turn: destroys the frame if the body has ended, and rethrows what left it.
    void end_turn() {
        leave_turn();
        if (!call_.callee || !call_.callee.done())
            return;
        std::exception_ptr failure = std::move(promise().failure);
        std::exchange(call_.callee, {}).destroy();
        if (failure)
            std::rethrow_exception(std::move(failure));
    }

    detail::value_turn<stream> await_next(detail::process& self) noexcept {
        return detail::value_turn<stream>(self, *this);
    }

private:
    explicit stream(std::coroutine_handle<> frame) noexcept : call_{frame, nullptr} {}

    promise_type& promise() const noexcept {
        return std::coroutine_handle<promise_type>::from_address(call_.callee.address())
            .promise();
    }

    detail::call call_;
};

template <class T>
class stream<T>::promise_type : public detail::promise_base {
public:
    stream get_return_object() noexcept {
        return stream(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    detail::final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}

    detail::yielded<T> yield_value(T&& value) noexcept {
        return detail::yielded<T>(*this, *to, value);
    }
    detail::yielded_copy<T> yield_value(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        return detail::yielded_copy<T>(*this, *to, value);
    }
    template <class U>
        requires(!std::is_convertible_v<U, T>)
    detail::refused_awaiter yield_value(U&&) {
        detail::refuse_yield<T, U>();
        return {};
    }

    detail::taker<T>* to = nullptr;  // of the turn
};

}  // namespace heddle
