// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/fan.hpp>
#include <heddle/patterns/when_all.hpp>
#include <heddle/select.hpp>
#include <heddle/sync/notify.hpp>
#include <heddle/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

[[noreturn]] HEDDLE_API void throw_no_replicas();

/// What the replicas of a hedge share with it.
template <class T>
struct hedged : pinned {
    notify ended;
    // Guarded by the lock of the children, and read without it when no child is left.
    std::optional<stored_t<T>> result;
    std::exception_ptr failure;  // the first
    std::size_t failures = 0;

    bool done(children& all) noexcept {
        guard g(all.lock());
        return result.has_value();
    }
    std::size_t failed(children& all) noexcept {
        guard g(all.lock());
        return failures;
    }
};

template <class T>
task<> run_replica(child self, std::shared_ptr<hedged<T>> h, task<T> work) {
    children& all = self.core();
    std::optional<stored_t<T>> got;
    std::exception_ptr failure;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(work);
            got.emplace();
        } else {
            got.emplace(co_await std::move(work));
        }
    } catch (...) {
        failure = std::current_exception();
    }
    {
        guard g(all.lock());
        if (!got) {
            ++h->failures;
            if (!h->failure)
                h->failure = failure;
        } else if (!h->result) {
            h->result.swap(got);
        }
    }
    h->ended.notify_one();
}

/// Starts the replicas, one more whenever the delay has passed, or one has failed,
/// until one has a result or all have failed.
template <class T>
task<> run_replicas(counted<children> all, std::shared_ptr<hedged<T>> h, duration delay,
                    std::vector<task<T>>& replicas, const void* at) {
    std::size_t started = 0;
    while (!h->done(*all) && h->failed(*all) < replicas.size()) {
        bool more = started < replicas.size();
        if (more) {
            start_child(
                *all, run_replica<T>(child(all), h, std::move(replicas[started])), at);
            more = ++started < replicas.size();
        }
        std::size_t failed = h->failed(*all);
        auto next = after(more ? delay : duration::max());
        for (bool waits = true; waits;) {
            bool late = co_await select(h->ended.wait(), next) == 1;
            waits = !late && !h->done(*all) && h->failed(*all) == failed;
        }
    }
}

template <class T>
task<T> run_hedge(const void* at, duration delay, std::vector<task<T>> replicas) {
    if (replicas.empty())
        throw_no_replicas();
    auto all = new_children("the replicas of a hedge", "a slot of a hedge");
    auto h = std::make_shared<hedged<T>>();
    std::exception_ptr stopped;
    try {
        co_await run_replicas(all, h, delay, replicas, at);
    } catch (...) {
        stopped = std::current_exception();
    }
    all->node().close({});
    {
        scope_guard to_the_end(host::current_process(), nullptr);
        co_await wait_op(*all);
    }
    if (!h->result && stopped)
        std::rethrow_exception(stopped);
    if (!h->result && h->failure)
        std::rethrow_exception(h->failure);
    if constexpr (std::is_void_v<T>)
        (void)take_result(h->result);
    else
        co_return take_result(h->result);
}

}  // namespace detail

/// hedge asks a second replica if the first is slow: it gives the first result, cancels
/// the others, and waits until they have ended.
///
///     page p = co_await heddle::hedge(50ms, fetch(near), fetch(far));
///     page p = co_await heddle::hedge(50ms, std::move(fetches));   // a std::vector
///
/// A replica is started when `delay` has passed since the one before it was, or at once
/// when one has failed. So a delay that few requests exceed adds few requests, and cuts
/// the slowest short (Dean, Barroso: The Tail at Scale, 2013).
///
/// Threads   on a parallel host the replicas run on its workers.
/// Cancel    it is a call: cancelled, it cancels the replicas, waits for each, and
///           throws, unless one of them has given a result.
/// Lifetime  no replica refers to the frame of the call; one that is not started is
///           destroyed.
/// Errors    if all replicas fail, the exception of the first that did. No replica:
///           std::invalid_argument.
template <class Rep, class Period, class T>
HEDDLE_NOINLINE task<T> hedge(std::chrono::duration<Rep, Period> delay,
                              std::vector<task<T>> replicas) {
    return detail::run_hedge<T>(HEDDLE_RETURN_ADDRESS(), detail::nanoseconds(delay),
                                std::move(replicas));
}
template <class Rep, class Period, class T, std::same_as<task<T>>... Rest>
HEDDLE_NOINLINE task<T> hedge(std::chrono::duration<Rep, Period> delay, task<T> first,
                              Rest... rest) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    std::vector<task<T>> replicas;
    replicas.reserve(1 + sizeof...(rest));
    replicas.push_back(std::move(first));
    (..., replicas.push_back(std::move(rest)));
    return detail::run_hedge<T>(at, detail::nanoseconds(delay), std::move(replicas));
}

}  // namespace heddle
