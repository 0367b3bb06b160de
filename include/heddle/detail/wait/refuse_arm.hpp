// SPDX-License-Identifier: BSL-1.0
// The messages with which an argument of select that is no arm is refused.
#pragma once

#include <heddle/detail/core/words.hpp>

#include <ranges>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// Whether a wait refers to a value that may be gone after the expression that makes it.
template <class A>
constexpr bool in_place = false;
template <class A>
    requires requires { A::arm_in_place; }
constexpr bool in_place<A> = A::arm_in_place;

template <mistake_kind M>
void refuse_arm() {
    using enum mistake_kind;
    constexpr bool right = M > range;
    if constexpr (M == receive_value)
        static_assert(right, "heddle: c.receive() would lose the value: write "
                             "c.receive(v), with std::optional<T> v, or "
                             "c.receive(std::ignore)");
    else if constexpr (M == receive_into)
        static_assert(right, "heddle: c.receive(v) as an arm needs std::optional<T> v, "
                             "which is empty if the channel is closed");
    else if constexpr (M == duration)
        static_assert(right, "heddle: a duration is no arm: write "
                             "heddle::after(duration)");
    else if constexpr (M == number)
        static_assert(right, "heddle: a number is no arm: for a time limit write "
                             "heddle::after(100ms)");
    else if constexpr (M == moment)
        static_assert(right, "heddle: a time_point is no arm: write "
                             "heddle::at(time_point)");
    else if constexpr (M == task)
        static_assert(right, "heddle: a task is no arm: start it, auto h = "
                             "heddle::go(f, args...), and write h");
    else if constexpr (M == asio_operation)
        static_assert(right, "heddle: an operation of Asio is no arm: start it, "
                             "heddle::inflight x(operation), and write x");
    else if constexpr (M == asio_coroutine)
        static_assert(right, "heddle: an asio::awaitable is no arm: start it, "
                             "heddle::inflight x(asio::co_spawn(executor, f(), "
                             "heddle::use_task)), and write x");
    else if constexpr (M == future)
        static_assert(right, "heddle: a future is no arm: write auto h = "
                             "heddle::go(f, args...), or a channel, and its arm");
    else if constexpr (M == function)
        static_assert(right,
                      "heddle: a function is no arm: call it, if it returns one; "
                      "what an arm does follows in switch (co_await select(...))");
    else if constexpr (M == channel)
        static_assert(right, "heddle: a channel is no arm: write c.receive(v), with "
                             "std::optional<T> v, or c.send(value)");
    else if constexpr (M == kept_send)
        static_assert(right,
                      "heddle: a send of an rvalue is selected where it is made: "
                      "its value may be gone later. Keep c.emplace(value), which "
                      "owns it, or c.send(std::ref(value))");
    else if constexpr (M == mutex || M == lock)
        static_assert(right, "heddle: a lock as an arm needs a guard to hold it: write "
                             "m.lock(guard), with heddle::mutex::guard guard");
    else if constexpr (M == reserve)
        static_assert(right, "heddle: a reserve as an arm needs a permit to hold the "
                             "room: write c.reserve(permit), with heddle::permit<T> "
                             "permit");
    else if constexpr (M == arrival)
        static_assert(right, "heddle: an arrival at a barrier is no arm: it cannot be "
                             "withdrawn");
    else if constexpr (M == has_wait)
        static_assert(right,
                      "heddle: an object is no arm: write which of its waits, as "
                      "in group.wait()");
    else if constexpr (M == ticker)
        static_assert(right, "heddle: a ticker is no arm: write t.next()");
    else if constexpr (M == source)
        static_assert(right, "heddle: a done_source is no arm: write source.token()");
    else if constexpr (M == range)
        static_assert(right, "heddle: a select of a range refers to its arms: put them "
                             "into a std::vector first");
    else
        static_assert(right,
                      "heddle: an arm of a select is a wait of heddle's, a "
                      "done_token, a join_handle, or heddle::otherwise at the end");
}

/// The kind of mistake that A is, which is no arm.
template <class A>
constexpr mistake_kind mistaken_arm = mistake_of<std::remove_cvref_t<A>>;
template <std::ranges::range A>
    requires(mistake_of<std::remove_cvref_t<A>> == mistake_kind::other)
constexpr mistake_kind mistaken_arm<A> = mistake_kind::range;

}  // namespace heddle::detail
