// SPDX-License-Identifier: BSL-1.0
// Operators that handle each value by itself, and have no frame of their own: map,
// filter, filter_map, inspect, scan, enumerate, take, take_while, skip.
//
//     auto s = numbers() | streams::filter(is_prime) | streams::map(square);
//     while (auto v = co_await s.next()) ...
//
// This holds of all operators. They are lazy: nothing is read before next(), and then no
// more than the value that it gives needs. A pipeline is a stream: movable, for one task
// at a time, and it becomes a stream<T>, of one frame, where that is asked for. Functions
// are called by the task that reads.
//
// Closing   ends when its source has ended. Dropped, it drops the operators from the last
//           to the first, and then the source.
// Errors    an exception of the source ends the pipeline, and leaves next(). One of a
//           function leaves next(), too; the next call goes on with the next value, but
//           for operators whose function is a coroutine, which have ended then.
#pragma once

#include <heddle/detail/service/stages.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

namespace heddle HEDDLE_VARIANT::streams {

/// Gives f(value) for each value. If f is a coroutine, its result is awaited before the
/// next value is read; that takes a frame, and one for each call.
template <class F>
auto map(F f) {
    return detail::stream_operator(detail::make_map<F>(std::move(f)));
}

/// Gives the values for which f(value) is true; f gets a const T&. It may be a coroutine,
/// as of map.
template <class F>
auto filter(F f) {
    return detail::stream_operator(detail::make_filter<F>(std::move(f)));
}

/// f gives a std::optional<U>: the stream gives the U's, and passes the empty ones over.
template <class F>
auto filter_map(F f) {
    return detail::stream_operator(
        detail::make_stage<detail::filter_map_stage, F>(std::move(f)));
}

/// Calls f(value) with a const T&, and gives the value as it is.
template <class F>
auto inspect(F f) {
    return detail::stream_operator(
        detail::make_stage<detail::inspect_stage, F>(std::move(f)));
}

/// Keeps a state: for each value it becomes f(std::move(state), value), and a copy of it
/// is given. `first` itself is not.
///
///     numbers() | streams::scan(0, std::plus<>())     // 1 2 3 ...: 1 3 6 ...
template <class State, class F>
auto scan(State first, F f) {
    return detail::stream_operator(
        detail::make_scan<State, F>(std::move(first), std::move(f)));
}

/// Gives a std::pair of the number of the value, from 0, and the value.
inline auto enumerate() {
    return detail::stream_operator(detail::make_plain(detail::enumerate_stage()));
}

/// Gives the first n values, and then ends, without reading another one. Of less than 0:
/// std::invalid_argument.
template <std::integral N>
auto take(N n) {
    return detail::stream_operator(
        detail::make_plain(detail::take_stage(detail::number_of("take", n))));
}

/// Gives values while f(value) is true; f gets a const T&. The first one for which it is
/// false is dropped.
template <class F>
auto take_while(F f) {
    return detail::stream_operator(
        detail::make_stage<detail::take_while_stage, F>(std::move(f)));
}

/// Drops the first n values. Of less than 0: std::invalid_argument.
template <std::integral N>
auto skip(N n) {
    return detail::stream_operator(
        detail::make_plain(detail::skip_stage(detail::number_of("skip", n))));
}

}  // namespace heddle::streams
