// SPDX-License-Identifier: BSL-1.0
// Children whose results a call waits for: of when_all, race and the parallel loops.
#pragma once

#include <heddle/detail/service/children.hpp>
#include <heddle/detail/task/refuse_start.hpp>
#include <heddle/sync/operations.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Throws std::invalid_argument for a limit below one. `who` names the function.
HEDDLE_API std::ptrdiff_t checked_limit(const char* who, std::ptrdiff_t limit);

template <std::integral N>
std::ptrdiff_t limit_of(const char* who, N limit) {
    bool huge = std::cmp_greater(limit, permit_core::max);
    return checked_limit(who,
                         huge ? permit_core::max : static_cast<std::ptrdiff_t>(limit));
}

/// For a result that is missing: its task was destroyed with its context.
[[noreturn]] HEDDLE_API void throw_no_outcome();

inline counted<children> new_children(const char* what, const char* permit,
                                      std::ptrdiff_t limit = permit_core::max) {
    return counted<children>::adopt(new children(what, permit, limit));
}

template <class T>
T take_result(std::optional<T>& from) {
    if (!from)
        throw_no_outcome();
    return *std::move(from);
}

/// What a child gets of an element: a reference, if the range refers to the element and
/// is not the call's own; else the value.
template <class Range>
constexpr bool gives_elements_away =
    !std::is_reference_v<Range> && !std::ranges::view<std::remove_cvref_t<Range>>;
template <class Range>
using given_by = std::conditional_t<gives_elements_away<Range>,
                                    std::ranges::range_rvalue_reference_t<Range>,
                                    std::ranges::range_reference_t<Range>>;
template <class Range>
using item_of =
    std::conditional_t<std::is_lvalue_reference_v<given_by<Range>>, given_by<Range>,
                       std::remove_cvref_t<given_by<Range>>>;

template <class Range, class Iterator>
decltype(auto) give_element(const Iterator& it) {
    if constexpr (gives_elements_away<Range>)
        return std::ranges::iter_move(it);
    else
        return *it;
}

/// Walks the range, and calls start(child, element) for each element once there is a
/// permit for it, until a child has failed. Then waits for all children. An exception of
/// the range, or of start, is a failure like that of a child.
///
/// Range: as the caller was given it, with its reference.
template <class Range, class Start>
task<> fan_out(counted<children> all, std::remove_reference_t<Range>& range,
               const Start& start) {
    try {
        auto end = std::ranges::end(range);
        for (auto it = std::ranges::begin(range); it != end; ++it) {
            co_await acquire_op(all->permits());
            child next(all);
            next.adopt_permit();
            if (all->node().closed())
                break;
            start(std::move(next), give_element<Range>(it));
        }
    } catch (...) {
        all->failed(std::current_exception());
    }
    co_await wait_for_children(std::move(all));
}

/// Starts a child of the running task. Nobody needs its handle, as `run` hands its
/// exception to the children.
inline void start_child(children& all, task<> run, const void* at) {
    (void)start(running_host(), std::move(run), &all.node(), at);
}

}  // namespace heddle::detail
