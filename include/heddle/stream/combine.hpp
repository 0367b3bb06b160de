// SPDX-License-Identifier: BSL-1.0
// Operators that make one stream of several: zip, concat, flatten, merge. What
// transform.hpp says of operators holds of them; each has one frame, but zip of several
// others has one for each.
#pragma once

#include <heddle/detail/service/crew.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class A, class B>
stream<std::pair<typename A::value_type, typename B::value_type>> zipped(A a, B b) {
    using left = typename A::value_type;
    using right = typename B::value_type;
    while (std::optional<left> l = co_await a.next()) {
        std::optional<right> r = co_await b.next();
        if (!r)
            break;
        co_yield std::pair<left, right>(*std::move(l), *std::move(r));
    }
}

/// Adds the value of one more stream to those of a row.
template <class Row, class B>
auto joined(Row row, B b) -> stream<
    decltype(std::tuple_cat(std::declval<typename Row::value_type>(),
                            std::declval<std::tuple<typename B::value_type>>()))> {
    using left = typename Row::value_type;
    using right = typename B::value_type;
    while (std::optional<left> l = co_await row.next()) {
        std::optional<right> r = co_await b.next();
        if (!r)
            break;
        std::tuple<right> last(*std::move(r));
        co_yield std::tuple_cat(*std::move(l), std::move(last));
    }
}

template <class Row>
Row zip_onto(Row row) {
    return row;
}
template <class Row, class B, class... Rest>
auto zip_onto(Row row, B b, Rest... rest) {
    return zip_onto(joined<Row, B>(std::move(row), std::move(b)), std::move(rest)...);
}
template <class A, class B, class... Rest>
auto zip_all(A a, B b, Rest... rest) {
    return zip_onto(zipped<A, B>(std::move(a), std::move(b)), std::move(rest)...);
}

template <class T, std::size_t N>
stream<T> concatenated(std::array<stream<T>, N> parts) {
    for (stream<T>& part : parts)
        while (std::optional<T> v = co_await part.next())
            co_yield *std::move(v);
}

template <class Inner>
struct inner_value {
    using type = std::ranges::range_value_t<Inner>;
};
template <class Inner>
    requires streamable<Inner>
struct inner_value<Inner> {
    using type = value_of<Inner>;
};

template <class P>
stream<typename inner_value<typename P::value_type>::type> flattened(P from) {
    using inner = typename P::value_type;
    using T = typename inner_value<inner>::type;
    while (std::optional<inner> part = co_await from.next()) {
        if constexpr (streamable<inner>) {
            auto values = as_pipeline(*std::move(part));
            while (std::optional<T> v = co_await values.next())
                co_yield *std::move(v);
        } else {
            for (auto&& v : *part) {
                T value(std::move(v));
                co_yield std::move(value);
            }
        }
    }
}

template <class T, class... P>
stream<T> merged(P... inputs) {
    channel<T> values;
    crew readers("the inputs of a merge of streams");
    {
        auto last = std::make_shared<closer<T>>(values);
        (..., readers.start(feed<P>(readers.member(), last, std::move(inputs))));
    }
    while (std::optional<T> v = co_await values.receive())
        co_yield *std::move(v);
    co_await readers.end();
}

template <class... B>
class make_zip {
public:
    explicit make_zip(B... b) : b_(std::move(b)...) {}
    template <class A>
    auto operator()(A&& a) && {
        return std::apply(
            [&a](B&... b) { return zip_all<A, B...>(std::move(a), std::move(b)...); },
            b_);
    }

private:
    std::tuple<B...> b_;
};

template <class A, class B>
constexpr bool same_values() {
    constexpr bool right =
        std::is_same_v<typename A::value_type, typename B::value_type>;
    static_assert(right,
                  "heddle: concat and merge take streams of one type: convert the "
                  "values, with map");
    return right;
}

template <class... B>
class make_concat {
public:
    explicit make_concat(B... b) : b_(std::move(b)...) {}
    template <class A>
    auto operator()(A&& a) && {
        using T = typename A::value_type;
        using parts = std::array<stream<T>, 1 + sizeof...(B)>;
        if constexpr ((same_values<A, B>() && ...))
            return std::apply(
                [&a](B&... b) {
                    return concatenated<T>(
                        parts{stream<T>(std::move(a)), stream<T>(std::move(b))...});
                },
                b_);
    }

private:
    std::tuple<B...> b_;
};

class make_flat {
public:
    template <class P>
    auto operator()(P&& from) const {
        using inner = typename P::value_type;
        constexpr bool right = streamable<inner> || std::ranges::input_range<inner>;
        static_assert(right, "heddle: flatten of a stream whose values are neither "
                             "streams, receivers nor ranges");
        if constexpr (right)
            return flattened<P>(std::move(from));
    }
};

template <class... B>
class make_merge {
public:
    explicit make_merge(B... b) : b_(std::move(b)...) {}
    template <class A>
    auto operator()(A&& a) && {
        if constexpr ((same_values<A, B>() && ...))
            return std::apply(
                [&a](B&... b) {
                    return merged<typename A::value_type, A, B...>(std::move(a),
                                                                   std::move(b)...);
                },
                b_);
    }

private:
    std::tuple<B...> b_;
};

}  // namespace detail

namespace streams {

/// Gives rows: a value of each. A row of two is a std::pair, one of more a std::tuple.
///
///     names() | streams::zip(numbers())
///     names() | streams::zip(numbers(), cities(), in)      // streams, receivers, channels
///
/// They are read one after the other, from left to right.
///
/// Closing   ends with the first that ends: those to its right are not read then, and the
///           values of those to its left are dropped.
/// Cancel    `cancelled` leaves next() from the source that waits, and ends the stream;
///           the values of those to its left are dropped.
/// Memory    one frame for each other stream.
template <detail::streamable... Others>
    requires(sizeof...(Others) > 0)
auto zip(Others&&... others) {
    return detail::stream_operator(detail::make_zip<detail::pipeline_of<Others>...>(
        detail::as_pipeline(std::forward<Others>(others))...));
}

/// Gives the values of the left stream, then those of the first other, and so on. None is
/// read before the one to its left has ended.
///
///     today() | streams::concat(yesterday(), in)
///
/// Errors    an exception of a source ends it: those that follow are not read.
/// Memory    one frame; and one for each source that is a range, or has operators that
///           have no frame of their own.
template <detail::streamable... Others>
    requires(sizeof...(Others) > 0)
auto concat(Others&&... others) {
    return detail::stream_operator(detail::make_concat<detail::pipeline_of<Others>...>(
        detail::as_pipeline(std::forward<Others>(others))...));
}

/// Of a stream of streams, receivers or ranges: gives the values of the first, then those
/// of the second, and so on.
inline auto flatten() { return detail::stream_operator(detail::make_flat()); }

/// Gives the values of all, in the order in which they come; those of one stay in order.
///
///     joe() | streams::merge(ann(), in)      // streams, receivers and channels
///
/// Each input is read by a task of its own, on the host of the task that calls the first
/// next(), one value ahead.
///
/// Closing   ends when all have ended. Dropped, or when next() is cancelled, it cancels
///           the tasks, which then end by themselves.
/// Errors    the first exception of an input cancels the others, and leaves next() when
///           they have ended; values that were read ahead are destroyed.
/// Memory    one frame, a channel, and for each input a task of one frame.
template <detail::streamable... Others>
    requires(sizeof...(Others) > 0)
auto merge(Others&&... others) {
    return detail::stream_operator(detail::make_merge<detail::pipeline_of<Others>...>(
        detail::as_pipeline(std::forward<Others>(others))...));
}

}  // namespace streams

}  // namespace heddle
