// SPDX-License-Identifier: BSL-1.0
// What reads a stream to its end: to_vector, fold, for_each, into, to_channel.
//
//     auto all = co_await (numbers() | streams::take(3) | streams::to_vector());
//
// Each but to_channel gives a task, which is awaited, started or limited like any other.
// The loop runs in the turn of the stream: values that need no wait suspend nothing.
//
// Cancel    they are calls: a wait of the stream, or of a function, throws `cancelled`.
// Errors    an exception of the stream, or of a function, leaves the task, which has
//           destroyed the stream then.
// Memory    one frame, and what it says.
#pragma once

#include <heddle/detail/service/stages.hpp>
#include <heddle/patterns/generate.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Gives each value to a function, and never has enough.
template <class F>
class each_value {
public:
    explicit each_value(F& f) noexcept : f_(&f) {}
    template <class V>
    HEDDLE_ALWAYS_INLINE verdict operator()(V&& value) const {
        (void)std::invoke(*f_, static_cast<V&&>(value));
        return more;
    }
    void result() const noexcept {}

private:
    F* f_;
};

/// The state of a fold, and its function.
template <class State, class F>
class folding {
public:
    folding(State&& first, F& f) : state_(std::move(first)), f_(&f) {}
    template <class V>
    HEDDLE_ALWAYS_INLINE verdict operator()(V&& value) {
        state_ = std::invoke(*f_, std::move(state_), static_cast<V&&>(value));
        return more;
    }
    State result() { return std::move(state_); }

private:
    State state_;
    F* f_;
};

/// Awaits one turn of the whole stream, whose values go to `f`.
template <class P, class F>
turn_op<P, each_value<F>> read_all(P& from, F& f) {
    return turn_op<P, each_value<F>>(from, each_value<F>(f));
}

template <class P>
task<std::vector<typename P::value_type>> collect(P from) {
    std::vector<typename P::value_type> values;
    auto add = [&values]<class V>(V&& v) { values.push_back(static_cast<V&&>(v)); };
    co_await read_all(from, add);
    co_return values;
}

template <class P, class State, class F>
task<State> fold(P from, State state, F f) {
    using T = typename P::value_type;
    if constexpr (is_task<std::remove_cvref_t<std::invoke_result_t<F&, State, T>>>) {
        while (std::optional<T> v = co_await from.next())
            state = co_await std::invoke(f, std::move(state), *std::move(v));
        co_return state;
    } else {
        co_return co_await turn_op<P, folding<State, F>>(
            from, folding<State, F>(std::move(state), f));
    }
}

template <class P, class F>
task<> visit(P from, F f) {
    using T = typename P::value_type;
    if constexpr (called_as_task<F, T>) {
        while (std::optional<T> v = co_await from.next())
            (void)co_await std::invoke(f, *std::move(v));
    } else {
        co_await read_all(from, f);
    }
}

template <class P>
task<> send_all(sender<typename P::value_type> to, P from) {
    using T = typename P::value_type;
    while (std::optional<T> v = co_await from.next())
        co_await send_op<T>(to.core(), *v);
}

class make_vector {
public:
    template <class P>
    auto operator()(P&& from) const {
        return collect<P>(std::move(from));
    }
};

template <class State, class F>
class make_fold {
public:
    make_fold(State first, F f) : first_(std::move(first)), f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        constexpr bool right = std::is_invocable_v<F&, State, typename P::value_type>;
        static_assert(right,
                      "heddle: the function of fold is called with the state and "
                      "a value of the stream, and gives the next state: "
                      "f(state, value)");
        if constexpr (right)
            return fold<P, State, F>(std::move(from), std::move(first_), std::move(f_));
    }

private:
    State first_;
    F f_;
};

template <class F>
class make_visit {
public:
    explicit make_visit(F f) : f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        if constexpr (takes_value<F, typename P::value_type>())
            return visit<P, F>(std::move(from), std::move(f_));
    }

private:
    F f_;
};

template <class T>
class make_sends {
public:
    explicit make_sends(sender<T> to) noexcept : to_(std::move(to)) {}
    template <class P>
    task<> operator()(P&& from) && {
        constexpr bool right = std::is_same_v<typename P::value_type, T>;
        static_assert(right,
                      "heddle: into(channel): the channel carries the type of the "
                      "values of the stream");
        if constexpr (right)
            return send_all<P>(std::move(to_), std::move(from));
    }

private:
    sender<T> to_;
};

template <class N>
class make_channel {
public:
    explicit make_channel(N capacity) noexcept : capacity_(capacity) {}
    template <class P>
    auto operator()(P&& from) const {
        return generate<typename P::value_type>(capacity_, send_all<P>,
                                                std::move(from));
    }

private:
    N capacity_;
};

}  // namespace detail

namespace streams {

/// Gives a std::vector of all values.
inline auto to_vector() { return detail::stream_operator(detail::make_vector()); }

/// Gives the last state: for each value it becomes f(std::move(state), value). f may be a
/// coroutine.
///
///     int sum = co_await (numbers() | streams::fold(0, std::plus<>()));
template <class State, class F>
auto fold(State first, F f) {
    return detail::stream_operator(
        detail::make_fold<State, F>(std::move(first), std::move(f)));
}

/// Calls f(value) for each value, one after the other. f may be a coroutine. To do it for
/// several at a time, write `| streams::map_unordered(limit, f)` before it.
template <class F>
auto for_each(F f) {
    return detail::stream_operator(detail::make_visit<F>(std::move(f)));
}

/// Sends each value to a channel, which it does not close: others may send there, too.
///
/// Closing   none; write `out.close()` after it.
/// Cancel    a value whose send is cancelled, or refused, is destroyed.
/// Errors    channel_closed, if the channel is closed.
template <class T>
auto into(sender<T> to) {
    return detail::stream_operator(detail::make_sends<T>(std::move(to)));
}
template <class T>
auto into(const channel<T>& to) {
    return into(sender<T>(to));
}

/// Starts a task that reads the stream, and gives the receiving end of its channel, which
/// is an arm of a select. It is heddle::generate: its promises hold.
///
///     auto in = numbers() | streams::to_channel(64);
///
/// Errors    an exception of the stream is a detached task's: the reader only sees the
///           channel closed.
template <std::integral N>
auto to_channel(N capacity) {
    return detail::stream_operator(detail::make_channel<N>(capacity));
}
inline auto to_channel() { return to_channel(0); }

}  // namespace streams

}  // namespace heddle
