// SPDX-License-Identifier: BSL-1.0
// Operators that call a function for several values at a time: map_parallel, in order,
// and map_unordered. What transform.hpp says of operators holds of them.
#pragma once

#include <heddle/detail/service/crew.hpp>
#include <heddle/detail/service/stages.hpp>
#include <heddle/settle.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Calls f, as a task or in place, and puts what it gives into `to`.
template <class F, class T, class R>
task<> call_into(std::optional<R>& to, F& f, T value) {
    if constexpr (called_as_task<F, T>)
        to.emplace(co_await std::invoke(f, std::move(value)));
    else
        to.emplace(std::invoke(f, std::move(value)));
}

/// A call, and how it has ended: no exception leaves it.
template <class F, class T, class R>
task<settled<R>> settle_call([[maybe_unused]] child self, std::shared_ptr<F> f,
                             T value) {
    std::exception_ptr failure;
    std::optional<R> result;
    try {
        co_await call_into<F, T, R>(result, *f, std::move(value));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure)
        co_return settled<R>(std::move(failure));
    co_return settled<R>(std::in_place, *std::move(result));
}

template <class R>
using call_handle = join_handle<settled<R>>;

/// What stands in the place of a call if the stream has failed there.
template <class R>
task<settled<R>> failed_call([[maybe_unused]] child self, std::exception_ptr failure) {
    co_return settled<R>(std::move(failure));
}

/// Reads the stream, and begins a call for each value while there is a permit.
template <class R, class P, class F>
task<> begin_calls(child self, closer<call_handle<R>> out, counted<permit_core> permits,
                   P from, std::shared_ptr<F> f) {
    using T = typename P::value_type;
    children& all = self.core();
    auto begin = [&all](task<settled<R>> call) {
        return start(running_host(), std::move(call), &all.node(), nullptr);
    };
    try {
        for (bool is_open = true; is_open;) {
            co_await acquire_op(*permits);
            child next{counted<children>(&all)};
            call_handle<R> call;
            std::exception_ptr failure;
            try {
                std::optional<T> v = co_await from.next();
                if (!v)
                    break;
                call = begin(settle_call<F, T, R>(std::move(next), f, *std::move(v)));
            } catch (...) {
                failure = std::current_exception();
            }
            if (failure) {
                is_open = false;
                call = begin(failed_call<R>(std::move(next), std::move(failure)));
            }
            co_await out.send(call);
        }
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class P, class F>
stream<awaited_result<F, typename P::value_type>> in_order(P from, std::ptrdiff_t limit,
                                                           F function) {
    using R = awaited_result<F, typename P::value_type>;
    auto f = std::make_shared<F>(std::move(function));
    auto permits = counted<permit_core>::adopt(
        new permit_core("a slot of map_parallel", limit, false));
    channel<call_handle<R>> calls(limit);
    crew workers("the calls of map_parallel");
    workers.start(begin_calls<R>(workers.member(), closer<call_handle<R>>(calls),
                                 permits, std::move(from), std::move(f)));
    while (std::optional<call_handle<R>> call = co_await calls.receive()) {
        settled<R> ending = co_await *call;
        if (!ending) {
            co_await workers.stop();
            std::rethrow_exception(ending.error());
        }
        permits->give();
        co_yield std::move(*ending);
    }
    co_await workers.end();
}

/// A call whose result goes to the reader. It keeps its permit until that has taken it.
template <class F, class T, class R>
task<> send_result(child self, std::shared_ptr<closer<R>> out, std::shared_ptr<F> f,
                   T value) {
    children& all = self.core();
    try {
        std::optional<R> result;
        co_await call_into<F, T, R>(result, *f, std::move(value));
        co_await out->send(*result);
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class R, class P, class F>
task<> begin_sends(child self, std::shared_ptr<closer<R>> out, P from,
                   std::shared_ptr<F> f) {
    using T = typename P::value_type;
    children& all = self.core();
    try {
        for (;;) {
            co_await acquire_op(all.permits());
            child next{counted<children>(&all)};
            next.adopt_permit();
            std::optional<T> v = co_await from.next();
            if (!v)
                break;
            start_child(all,
                        send_result<F, T, R>(std::move(next), out, f, *std::move(v)),
                        nullptr);
        }
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class P, class F>
stream<awaited_result<F, typename P::value_type>>
in_any_order(P from, std::ptrdiff_t limit, F function) {
    using R = awaited_result<F, typename P::value_type>;
    channel<R> results;
    crew workers("the calls of map_unordered", limit);
    workers.start(begin_sends<R>(workers.member(), std::make_shared<closer<R>>(results),
                                 std::move(from),
                                 std::make_shared<F>(std::move(function))));
    while (std::optional<R> result = co_await results.receive())
        co_yield *std::move(result);
    co_await workers.end();
}

template <class F, bool Ordered>
class make_parallel {
public:
    make_parallel(std::ptrdiff_t limit, F f) : limit_(limit), f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        using T = typename P::value_type;
        if constexpr (takes_value<F, T>()) {
            constexpr bool gives = !std::is_void_v<awaited_result<F, T>>;
            static_assert(gives, "heddle: the function of map_parallel gives nothing: "
                                 "let it give a value, or a heddle::unit");
            if constexpr (gives && Ordered)
                return in_order<P, F>(std::move(from), limit_, std::move(f_));
            else if constexpr (gives)
                return in_any_order<P, F>(std::move(from), limit_, std::move(f_));
        }
    }

private:
    std::ptrdiff_t limit_;
    F f_;
};

}  // namespace detail

namespace streams {

/// Gives f(value) for each value, in the order of the values, with at most `limit` calls
/// that run, or have ended and were not read yet. As buffered() of Rust's StreamExt.
///
///     urls() | streams::map_parallel(8, fetch)
///
/// A task reads the stream, and begins the calls, each a task of its own, on the host of
/// the task that calls the first next(). f is a coroutine or a plain function.
///
/// Threads   on a parallel host the calls run on its workers, and f, of which there is
///           one, is called by several threads at once.
/// Closing   ends when the stream has ended, and all results were read. Dropped, or when
///           next() is cancelled, it cancels the tasks, which then end by themselves, and
///           drop the stream.
/// Errors    an exception of f, or of the stream, comes in its place in the order: then
///           the calls for later values are cancelled, and it leaves next() when they
///           have ended. A limit below one: std::invalid_argument, when the operator is
///           made; one that is too large for a channel: std::length_error, by next().
/// Memory    one frame, four blocks, a channel of capacity `limit`, and a task of two
///           frames; for each call that runs a task of three frames.
template <std::integral N, class F>
auto map_parallel(N limit, F f) {
    return detail::stream_operator(detail::make_parallel<F, true>(
        detail::limit_of("map_parallel", limit), std::move(f)));
}

/// The same in the order in which the calls end. As buffer_unordered() of StreamExt.
///
/// Errors    the first exception, of f or the stream, cancels all calls, and leaves
///           next() when they have ended; results that were not read are destroyed.
template <std::integral N, class F>
auto map_unordered(N limit, F f) {
    return detail::stream_operator(detail::make_parallel<F, false>(
        detail::limit_of("map_unordered", limit), std::move(f)));
}

}  // namespace streams

}  // namespace heddle
