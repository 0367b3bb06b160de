// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/fan.hpp>
#include <heddle/settle.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// What `co_await when_all(...)` gives for the result of one task.
template <class T>
using element_of_all = std::conditional_t<std::is_reference_v<T>, T, stored_t<T>>;

template <class... T>
struct all_of {
    using type = std::tuple<element_of_all<T>...>;
};
template <class... T>
    requires(std::is_void_v<T> && ...)
struct all_of<T...> {
    using type = void;
};

/// Runs `work` as a child, and puts its result where the caller will look. `keep` owns
/// that place: the frame of the caller may be destroyed before.
template <class V, class Work>
task<> keep_result(child self, [[maybe_unused]] std::shared_ptr<void> keep,
                   std::optional<V>& to, Work work) {
    children& all = self.core();
    try {
        if constexpr (std::is_void_v<result_of_task<Work>>) {
            co_await std::move(work);
            to.emplace();
        } else {
            to.emplace(co_await std::move(work));
        }
    } catch (...) {
        all.failed(std::current_exception());
    }
}

template <class T, class Work>
task<> keep_ending([[maybe_unused]] child self,
                   [[maybe_unused]] std::shared_ptr<void> keep,
                   std::optional<settled<T>>& to, Work work) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(work);
            to.emplace(std::in_place);
        } else {
            to.emplace(std::in_place, co_await std::move(work));
        }
    } catch (...) {
        to.emplace(std::current_exception());
    }
}

/// The two forms of when_all: with the first exception, or with all endings.
struct first_failure {
    static constexpr const char* what = "the tasks of when_all";
    static constexpr const char* permit = "a slot of when_all";
    template <class T>
    using kept = stored_t<T>;
    template <class T, class Work>
    static task<> run(child c, std::shared_ptr<void> keep, std::optional<kept<T>>& to,
                      Work work) {
        return keep_result(std::move(c), std::move(keep), to, std::move(work));
    }
};
struct every_ending {
    static constexpr const char* what = "the tasks of when_all_settled";
    static constexpr const char* permit = "a slot of when_all_settled";
    template <class T>
    using kept = settled<T>;
    template <class T, class Work>
    static task<> run(child c, std::shared_ptr<void> keep, std::optional<kept<T>>& to,
                      Work work) {
        return keep_ending<T>(std::move(c), std::move(keep), to, std::move(work));
    }
};

template <class Form, class Results, std::size_t... I, class... Work>
void start_all(children& all, const counted<children>& held,
               const std::shared_ptr<Results>& results, const void* at,
               std::index_sequence<I...>, Work&... works) {
    (...,
     start_child(all,
                 Form::template run<result_of_task<Work>>(
                     child(held), results, std::get<I>(*results), std::move(works)),
                 at));
}

template <class Result, class Results, std::size_t... I>
Result take_all(Results& from, std::index_sequence<I...>) {
    return Result(take_result(std::get<I>(from))...);
}

template <class Form, class Result, class... Work>
task<Result> run_all(const void* at, Work... works) {
    using places = std::tuple<
        std::optional<typename Form::template kept<result_of_task<Work>>>...>;
    auto all = new_children(Form::what, Form::permit);
    auto results = std::make_shared<places>();
    std::index_sequence_for<Work...> each;
    try {
        start_all<Form>(*all, all, results, at, each, works...);
    } catch (...) {
        all->failed(std::current_exception());
    }
    co_await wait_for_children(std::move(all));
    if constexpr (std::is_void_v<Result>)
        (void)take_all<places>(*results, each);
    else
        co_return take_all<Result>(*results, each);
}

template <class Form, class Result, class Range>
task<Result> run_all_of(const void* at, Range range, std::ptrdiff_t limit) {
    using work = std::ranges::range_value_t<Range>;
    using given = result_of_task<work>;
    using place = std::optional<typename Form::template kept<given>>;
    auto all = new_children(Form::what, Form::permit, limit);
    auto results = std::make_shared<std::deque<place>>();
    auto start_one = [&](child next, auto&& item) {
        place& to = results->emplace_back();
        start_child(*all,
                    Form::template run<given>(std::move(next), results, to,
                                              work(std::move(item))),
                    at);
    };
    co_await fan_out<Range>(all, range, start_one);
    if constexpr (std::is_void_v<Result>) {
        for (place& p : *results)
            (void)take_result(p);
    } else {
        Result values;
        values.reserve(results->size());
        for (place& p : *results)
            values.push_back(take_result(p));
        co_return values;
    }
}

template <class T>
struct vector_of {
    using type = std::vector<stored_t<T>>;
};
template <>
struct vector_of<void> {
    using type = void;
};

/// A range that can give its tasks up: made in this call, moved from, or a view.
template <class R>
concept range_of_tasks =
    std::ranges::input_range<R> && is_task<std::ranges::range_value_t<R>> &&
    (!std::is_lvalue_reference_v<R> || std::ranges::view<std::remove_cvref_t<R>>);
template <class R>
concept kept_range_of_tasks =
    std::ranges::input_range<R> && is_task<std::ranges::range_value_t<R>> &&
    !range_of_tasks<R>;

template <class R>
using results_of_tasks = result_of_task<std::ranges::range_value_t<R>>;

template <class... Given>
[[noreturn]] void refuse_tasks() {
    (..., [] {
        if constexpr (kept_range_of_tasks<Given>) {
            constexpr bool right = range_of_tasks<Given>;
            static_assert(right, "heddle: a task is run once, so give the range up: "
                                 "write std::move(tasks)");
        } else if constexpr (!is_task<Given>) {
            refuse_work<Given>();
        }
    }());
    std::terminate();
}

}  // namespace detail

/// when_all runs tasks at the same time, and gives their results, as Kotlin's awaitAll
/// and Tokio's try_join! do.
///
///     auto [page, user] = co_await heddle::when_all(fetch(url), load(id));
///     std::vector<page> all = co_await heddle::when_all(std::move(fetches));
///     auto some = co_await heddle::when_all(urls | std::views::transform(fetch), 8);
///
/// Tasks give a std::tuple, in which a task<> gives a unit; tasks without results give
/// nothing. A range of task<T> gives a std::vector<T>, of task<T&> one of
/// std::reference_wrapper<T>, in the order of the range, whose elements are taken as the
/// limit allows: at most so many tasks run at a time.
///
/// Threads   on a parallel host the tasks run on its workers.
/// Resumes   the tasks begin in the order in which they are written; the caller goes on
///           when all frames have been destroyed.
/// Cancel    it is a call: cancelled, it cancels the tasks, waits for each, and throws.
///           It is no arm; the handle of go(when_all(...)) is one.
/// Lifetime  no task refers to the frame of the call. A range that is moved in, or is a
///           view, is kept until the end.
/// Errors    the first exception cancels the other tasks, whose `cancelled` has it for
///           a cause, and is thrown once they have ended; their results are dropped. A
///           limit below one: std::invalid_argument, at once. A task that was destroyed
///           with its context: task_abandoned.
/// Memory    two frames and a task block for each task, four blocks for the call.
template <class... Work>
    requires(sizeof...(Work) > 0 && (detail::is_task<Work> && ...))
HEDDLE_NOINLINE task<typename detail::all_of<detail::result_of_task<Work>...>::type>
when_all(Work&&... works) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    using result = typename detail::all_of<detail::result_of_task<Work>...>::type;
    return detail::run_all<detail::first_failure, result, Work...>(at,
                                                                   std::move(works)...);
}

template <detail::range_of_tasks Range>
HEDDLE_NOINLINE task<typename detail::vector_of<detail::results_of_tasks<Range>>::type>
when_all(Range&& tasks) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    using result = typename detail::vector_of<detail::results_of_tasks<Range>>::type;
    return detail::run_all_of<detail::first_failure, result,
                              std::remove_cvref_t<Range>>(
        at, std::forward<Range>(tasks), detail::permit_core::max);
}

template <detail::range_of_tasks Range, std::integral N>
HEDDLE_NOINLINE task<typename detail::vector_of<detail::results_of_tasks<Range>>::type>
when_all(Range&& tasks, N limit) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    using result = typename detail::vector_of<detail::results_of_tasks<Range>>::type;
    std::ptrdiff_t n = detail::limit_of("when_all", limit);
    return detail::run_all_of<detail::first_failure, result,
                              std::remove_cvref_t<Range>>(
        at, std::forward<Range>(tasks), n);
}

/// The same, but each task runs to its own end, and the call gives how each has ended,
/// as JavaScript's Promise.allSettled does: a std::tuple or a std::vector of settled<T>.
///
///     for (auto& page : co_await heddle::when_all_settled(std::move(fetches)))
///         page ? use(*page) : report(page.error());
///
/// Cancel    as of when_all: it throws `cancelled` when all tasks have ended.
/// Errors    no exception of a task is thrown. If a task cannot be started, for want of
///           memory, those that were are cancelled, and that is thrown.
template <class... Work>
    requires(sizeof...(Work) > 0 && (detail::is_task<Work> && ...))
HEDDLE_NOINLINE task<std::tuple<settled<detail::result_of_task<Work>>...>>
when_all_settled(Work&&... works) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    using result = std::tuple<settled<detail::result_of_task<Work>>...>;
    return detail::run_all<detail::every_ending, result, Work...>(at,
                                                                  std::move(works)...);
}

template <detail::range_of_tasks Range>
HEDDLE_NOINLINE task<std::vector<settled<detail::results_of_tasks<Range>>>>
when_all_settled(Range&& tasks) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    return detail::run_all_of<detail::every_ending,
                              std::vector<settled<detail::results_of_tasks<Range>>>,
                              std::remove_cvref_t<Range>>(
        at, std::forward<Range>(tasks), detail::permit_core::max);
}

template <detail::range_of_tasks Range, std::integral N>
HEDDLE_NOINLINE task<std::vector<settled<detail::results_of_tasks<Range>>>>
when_all_settled(Range&& tasks, N limit) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    std::ptrdiff_t n = detail::limit_of("when_all_settled", limit);
    return detail::run_all_of<detail::every_ending,
                              std::vector<settled<detail::results_of_tasks<Range>>>,
                              std::remove_cvref_t<Range>>(
        at, std::forward<Range>(tasks), n);
}

// A task that was given by name, or no task.
template <class... Given>
    requires(sizeof...(Given) > 0 && !(detail::is_task<Given> && ...) &&
             !(... || detail::range_of_tasks<Given>))
task<> when_all(Given&&...) {
    detail::refuse_tasks<Given...>();
}
template <class... Given>
    requires(sizeof...(Given) > 0 && !(detail::is_task<Given> && ...) &&
             !(... || detail::range_of_tasks<Given>))
task<> when_all_settled(Given&&...) {
    detail::refuse_tasks<Given...>();
}

}  // namespace heddle
