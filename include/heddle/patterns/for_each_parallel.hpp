// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/fan.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class Range, class F>
concept function_of_elements =
    std::ranges::input_range<Range> && std::is_invocable_v<F&, item_of<Range>>;

/// What f gives for an element, awaited.
template <class Range, class F>
using result_for = typename task_result<std::invoke_result_t<F&, item_of<Range>>>::type;

/// Calls f for an element, as a child. Item: a reference to it, or its value.
template <class Item, class F>
task<> call_for(child self, std::shared_ptr<F> f, Item item) {
    children& all = self.core();
    try {
        if constexpr (is_task<std::invoke_result_t<F&, Item>>)
            (void)co_await std::invoke(*f, std::forward<Item>(item));
        else
            (void)std::invoke(*f, std::forward<Item>(item));
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class F, class V>
struct mapping : pinned {
    explicit mapping(F&& function) : f(std::move(function)) {}
    F f;
    std::deque<std::optional<V>> results;  // a child writes its own element
};

template <class Item, class F, class V>
task<> map_for(child self, std::shared_ptr<mapping<F, V>> shared, std::optional<V>& to,
               Item item) {
    children& all = self.core();
    try {
        if constexpr (is_task<std::invoke_result_t<F&, Item>>)
            to.emplace(co_await std::invoke(shared->f, std::forward<Item>(item)));
        else
            to.emplace(std::invoke(shared->f, std::forward<Item>(item)));
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class Range, class F>
task<> run_for_each(const void* at, Range range, std::ptrdiff_t limit, F f) {
    using item = item_of<Range>;
    auto all = new_children("the calls of for_each_parallel",
                            "a slot of for_each_parallel", limit);
    auto shared = std::make_shared<F>(std::move(f));
    auto start_one = [&](child next, auto&& element) {
        start_child(*all,
                    call_for<item>(std::move(next), shared,
                                   static_cast<decltype(element)&&>(element)),
                    at);
    };
    co_await fan_out<Range>(all, range, start_one);
}

template <class Range, class F>
task<std::vector<std::remove_cvref_t<result_for<Range, F>>>>
run_map(const void* at, Range range, std::ptrdiff_t limit, F f) {
    using item = item_of<Range>;
    using value = std::remove_cvref_t<result_for<Range, F>>;
    auto all =
        new_children("the calls of map_parallel", "a slot of map_parallel", limit);
    auto shared = std::make_shared<mapping<F, value>>(std::move(f));
    auto start_one = [&](child next, auto&& element) {
        auto& to = shared->results.emplace_back();
        start_child(*all,
                    map_for<item>(std::move(next), shared, to,
                                  static_cast<decltype(element)&&>(element)),
                    at);
    };
    co_await fan_out<Range>(all, range, start_one);
    std::vector<value> values;
    values.reserve(shared->results.size());
    for (auto& result : shared->results)
        values.push_back(take_result(result));
    co_return values;
}

template <class Range, class F>
[[noreturn]] void refuse_parallel() {
    constexpr bool right = function_of_elements<Range, F>;
    if constexpr (!std::ranges::input_range<Range>)
        static_assert(right, "heddle: what is walked in parallel is a range: write "
                             "f(range, limit, function)");
    else
        static_assert(right, "heddle: the function of for_each_parallel, or "
                             "map_parallel, is called with an element: f(range, limit, "
                             "function)");
    std::terminate();
}

}  // namespace detail

/// for_each_parallel calls f(element) for the elements of a range, at most `limit` calls
/// at a time, and waits for all.
///
///     co_await heddle::for_each_parallel(urls, 8, [&](const url& u) -> heddle::task<> {
///         co_await store(u, co_await fetch(u));
///     });
///
/// f is a coroutine or a plain function; each call is a task of its own, what it gives
/// is dropped. The range is walked by the calling task alone, and an element is taken
/// once a call may begin: so the range may be endless, or be made as it is walked.
///
/// Threads   on a parallel host the calls run on its workers, and f, of which there is
///           one, is called by several threads at once.
/// Resumes   calls begin in the order of the range; the caller goes on when all frames
///           have been destroyed.
/// Cancel    it is a call: cancelled, it begins no more calls, cancels those that run,
///           waits for each, and throws. It is no arm.
/// Lifetime  a range that is given by name is referred to, and so are its elements:
///           they outlive the call. Of one that is moved in each element is moved into
///           its call.
/// Errors    the first exception, of a call or of the range, cancels the other calls,
///           and is thrown once they have ended; no more calls begin. A limit below one:
///           std::invalid_argument, at once.
/// Memory    two frames and a task block for each call that runs, four blocks in all.
template <class Range, std::integral N, class F>
    requires detail::function_of_elements<Range, F>
HEDDLE_NOINLINE task<> for_each_parallel(Range&& range, N limit, F f) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    std::ptrdiff_t n = detail::limit_of("for_each_parallel", limit);
    return detail::run_for_each<Range, F>(at, std::forward<Range>(range), n,
                                          std::move(f));
}

/// The same, and gives what f has given, in the order of the range: a std::vector. A
/// reference that f gives is copied.
///
///     auto pages = co_await heddle::map_parallel(urls, 8, fetch);
template <class Range, std::integral N, class F>
    requires detail::function_of_elements<Range, F>
HEDDLE_NOINLINE auto map_parallel(Range&& range, N limit, F f) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    constexpr bool gives = !std::is_void_v<detail::result_for<Range, F>>;
    static_assert(gives, "heddle: the function of map_parallel gives nothing: write "
                         "for_each_parallel");
    std::ptrdiff_t n = detail::limit_of("map_parallel", limit);
    if constexpr (gives)
        return detail::run_map<Range, F>(at, std::forward<Range>(range), n,
                                         std::move(f));
    else
        return task<>(detail::run_for_each<Range, F>(at, std::forward<Range>(range), n,
                                                     std::move(f)));
}

// A wrong range, or a function that does not take its elements.
template <class Range, std::integral N, class F>
    requires(!detail::function_of_elements<Range, F>)
task<> for_each_parallel(Range&&, N, F) {
    detail::refuse_parallel<Range, F>();
}
template <class Range, std::integral N, class F>
    requires(!detail::function_of_elements<Range, F>)
task<> map_parallel(Range&&, N, F) {
    detail::refuse_parallel<Range, F>();
}

}  // namespace heddle
