// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/fan.hpp>
#include <heddle/patterns/when_all.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

[[noreturn]] HEDDLE_API void throw_no_racers();

/// What race gives for these results.
template <class First, class... Rest>
struct one_of {
    using type = std::variant<stored_t<First>, stored_t<Rest>...>;
};
template <class First, class... Rest>
    requires(std::is_same_v<First, Rest> && ...)
struct one_of<First, Rest...> {
    using type = First;
};

/// The place of the first ending.
template <class R>
class finish {
public:
    /// Returns whether the caller is the first to ask.
    bool claim(children& all) noexcept {
        guard g(all.lock());
        return !std::exchange(claimed_, true);
    }

    /// Written by the child that has claimed it, read when no child is left.
    std::optional<settled<R>> ending;

private:
    bool claimed_ = false;  // guarded by the lock of the children
};

/// Runs `work` as a child, and closes the token of the children if it is the first to
/// end. Index: its place in a variant.
template <std::size_t Index, class R, class Work>
task<> run_racer(child self, std::shared_ptr<finish<R>> first, Work work) {
    using result = result_of_task<Work>;
    children& all = self.core();
    bool won = false;
    try {
        if constexpr (std::is_void_v<result>) {
            co_await std::move(work);
            won = first->claim(all);
            if constexpr (std::is_void_v<R>) {
                if (won)
                    first->ending.emplace(std::in_place);
            } else {
                if (won)
                    first->ending.emplace(std::in_place, std::in_place_index<Index>);
            }
        } else {
            decltype(auto) value = co_await std::move(work);
            won = first->claim(all);
            if constexpr (std::is_same_v<R, result>) {
                if (won)
                    first->ending.emplace(std::in_place,
                                          static_cast<decltype(value)&&>(value));
            } else {
                if (won)
                    first->ending.emplace(std::in_place, std::in_place_index<Index>,
                                          static_cast<decltype(value)&&>(value));
            }
        }
    } catch (...) {
        won = won || first->claim(all);
        if (won)
            first->ending.emplace(std::current_exception());
    }
    if (won)
        all.node().close({});
}

/// A child could not be started: that is how the race ends.
template <class R>
void fail_to_start(children& all, finish<R>& first) noexcept {
    if (first.claim(all))
        first.ending.emplace(std::current_exception());
    all.node().close({});
}

/// Waits for the children, which the token in force ends, and gives what the first gave.
template <class R>
task<R> end_race(counted<children> all, std::shared_ptr<finish<R>> first) {
    {
        scope_guard to_the_end(host::current_process(), nullptr);
        co_await wait_op(*all);
    }
    if (!first->ending)
        throw_no_outcome();
    co_return std::move(*first->ending).value();
}

template <class R, std::size_t... I, class... Work>
void start_race(const counted<children>& all, const std::shared_ptr<finish<R>>& first,
                const void* at, std::index_sequence<I...>, Work&... works) {
    (..., start_child(*all, run_racer<I, R>(child(all), first, std::move(works)), at));
}

template <class R, class... Work>
task<R> run_race(const void* at, Work... works) {
    auto all = new_children("the tasks of a race", "a slot of a race");
    auto first = std::make_shared<finish<R>>();
    try {
        start_race<R>(all, first, at, std::index_sequence_for<Work...>(), works...);
    } catch (...) {
        fail_to_start(*all, *first);
    }
    co_return co_await end_race<R>(std::move(all), std::move(first));
}

template <class R, class Range>
task<R> run_race_of(const void* at, Range tasks) {
    using work = std::ranges::range_value_t<Range>;
    auto all = new_children("the tasks of a race", "a slot of a race");
    auto first = std::make_shared<finish<R>>();
    bool none = true;
    try {
        for (auto&& t : tasks) {
            none = false;
            start_child(*all, run_racer<0, R>(child(all), first, work(std::move(t))),
                        at);
        }
    } catch (...) {
        none = false;
        fail_to_start(*all, *first);
    }
    if (none)
        throw_no_racers();
    co_return co_await end_race<R>(std::move(all), std::move(first));
}

}  // namespace detail

/// race runs tasks at the same time, gives what the first to end gives, and cancels the
/// others; as JavaScript's Promise.race, but no task is left behind.
///
///     page p = co_await heddle::race(fetch(here), fetch(there));
///     auto first = co_await heddle::race(std::move(fetches));     // a range of tasks
///
/// The result is a T if each task is a task<T>, or else a std::variant whose index() is
/// the place of the first; in it a task<> has a unit, and a task<T&> a
/// std::reference_wrapper. An exception is a way to end like a result: catch it in the
/// task, if another task may still do better.
///
/// Threads   on a parallel host the tasks run on its workers.
/// Resumes   the tasks begin in the order in which they are written; the caller goes on
///           when all frames have been destroyed, and so waits for what the others do
///           when they are cancelled.
/// Cancel    it is a call: cancelled, it cancels the tasks, waits for each, and ends as
///           the first of them did.
/// Lifetime  no task refers to the frame of the call.
/// Errors    that of the first to end. What the others give, or throw, is dropped. A
///           range without tasks: std::invalid_argument. If all tasks were destroyed
///           with their context: task_abandoned.
/// Memory    two frames and a task block for each task, four blocks for the call.
template <class... Work>
    requires(sizeof...(Work) > 0 && (detail::is_task<Work> && ...))
HEDDLE_NOINLINE task<typename detail::one_of<detail::result_of_task<Work>...>::type>
race(Work&&... works) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    using result = typename detail::one_of<detail::result_of_task<Work>...>::type;
    return detail::run_race<result, Work...>(at, std::move(works)...);
}

template <detail::range_of_tasks Range>
HEDDLE_NOINLINE task<detail::results_of_tasks<Range>> race(Range&& tasks) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    return detail::run_race_of<detail::results_of_tasks<Range>,
                               std::remove_cvref_t<Range>>(at,
                                                           std::forward<Range>(tasks));
}

// A task that was given by name, or no task.
template <class... Given>
    requires(sizeof...(Given) > 0 && !(detail::is_task<Given> && ...) &&
             !(... || detail::range_of_tasks<Given>))
task<> race(Given&&...) {
    detail::refuse_tasks<Given...>();
}

}  // namespace heddle
