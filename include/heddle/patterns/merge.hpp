// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/closer.hpp>
#include <heddle/go.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// The last of those that share `out` closes it.
template <class T>
task<> pass_on(std::shared_ptr<closer<T>> out, receiver<T> in) {
    while (std::optional<T> v = co_await in.receive())
        co_await out->send(*v);
}

}  // namespace detail

/// merge gives the values of all inputs on one channel, in the order in which they
/// come.
///
///     auto all = heddle::merge(joe, ann);        // receivers or channels of one type
///     auto all = heddle::merge(std::move(parts));     // a std::vector<receiver<T>>
///
/// The values of one input stay in order. One task for each input: a value costs one
/// more send and receive, whatever the number of inputs, and one value of each input
/// may be under way, neither in its input nor received.
///
/// Resumes   as of go.
/// Closing   closes when all inputs are closed and drained; of no inputs, at once. A
///           nil input never ends.
/// Cancel    the token in force here closes the output; values under way are destroyed.
///           If the output is read no more, that is how the tasks end.
/// Errors    as of go; then nothing has been taken from any input.
template <class T>
[[nodiscard]] receiver<T> merge(std::vector<receiver<T>> inputs) {
    channel<T> out;
    auto last = std::make_shared<detail::closer<T>>(out);
    std::vector<join_handle<>> started;
    started.reserve(inputs.size());
    try {
        for (auto& in : inputs)
            started.push_back(go(detail::pass_on<T>, last, std::move(in)));
    } catch (...) {
        for (auto& h : started)
            h.cancel();  // before its first run: it takes nothing
        throw;
    }
    return out;
}

template <class... Ends>
    requires requires(Ends... in) { std::vector{receiver(in)...}; }
[[nodiscard]] auto merge(const Ends&... in)
    -> decltype(merge(std::vector{receiver(in)...})) {
    return merge(std::vector{receiver(in)...});
}

}  // namespace heddle
