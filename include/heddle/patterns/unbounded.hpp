// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/closer.hpp>
#include <heddle/go.hpp>
#include <heddle/select.hpp>

#include <deque>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class T>
task<> keep(closer<T> out, receiver<T> in) {
    std::deque<T> kept;
    for (std::optional<T> v; co_await in.receive(v);) {
        kept.push_back(*std::move(v));
        while (!kept.empty()) {
            if (co_await select(in.receive(v), out.send(kept.front())) == 1)
                kept.pop_front();
            else if (v)
                kept.push_back(*std::move(v));
            else
                break;
        }
    }
    for (; !kept.empty(); kept.pop_front())
        co_await out.send(kept.front());
}

}  // namespace detail

/// unbounded gives the values of `in`, and takes them from there at once, whether they
/// are received or not: a sender to `in` never waits for a receiver of the output.
///
/// Values that are not received stay in memory, which nothing limits: a sender that is
/// faster for long needs a channel that makes it wait. Values stay in order. O(1) for
/// each.
///
/// Resumes   as of go; a send to `in` waits at most for turns of the task that takes
///           it.
/// Closing   closes when `in` is closed and all has been received.
/// Cancel    the token in force here closes the output; the values that it kept are
///           destroyed.
/// Errors    as of go. No memory for a value: the output is closed, std::bad_alloc is
///           the task's.
template <class T>
[[nodiscard]] receiver<T> unbounded(receiver<T> in) {
    channel<T> out;
    go(detail::keep<T>, detail::closer<T>(out), std::move(in));
    return out;
}

template <class T>
[[nodiscard]] receiver<T> unbounded(const channel<T>& in) {
    return unbounded(receiver<T>(in));
}

}  // namespace heddle
