// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/stages.hpp>
#include <heddle/errors.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class F>
stream<value_of<std::invoke_result_t<F&>>> retried(std::size_t times, F make) {
    using T = value_of<std::invoke_result_t<F&>>;
    for (;; --times) {
        std::exception_ptr failure;
        auto from = as_pipeline(make());
        for (bool is_open = true; is_open;) {
            std::optional<T> v;
            try {
                std::optional<T> next = co_await from.next();
                if (next)
                    v.emplace(*std::move(next));
            } catch (const cancelled&) {
                throw;
            } catch (...) {
                failure = std::current_exception();
            }
            is_open = v.has_value();
            if (v)
                co_yield *std::move(v);
        }
        if (!failure)
            co_return;
        if (times == 0)
            std::rethrow_exception(std::move(failure));
    }
}

}  // namespace detail

namespace streams {

/// Gives the values of the stream that make() gives. If that throws, it is dropped, and
/// make() is called again, at most `times` times; then its exception leaves next().
///
///     auto lines = streams::retry(3, [=] { return read_lines(address); });
///
/// A stream is read once, so this is no operator: it begins anew, and gives the values of
/// each beginning. Wait in the stream that make() gives, if an attempt is to begin later.
///
/// Closing   ends when the stream of make() has ended.
/// Errors    `cancelled` and the exceptions of make() are not tried again. `times` below
///           zero: std::invalid_argument, at once.
/// Memory    one frame.
template <std::integral N, class F>
    requires detail::streamable<std::invoke_result_t<F&>>
auto retry(N times, F make) {
    return detail::retried<F>(detail::number_of("retry", times), std::move(make));
}

}  // namespace streams

}  // namespace heddle
