// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/pipeline.hpp>

#include <ranges>
#include <utility>

namespace heddle HEDDLE_VARIANT::streams {

/// from makes a stream of a range, or of a receiver or channel, whose values it receives.
///
///     auto even = streams::from(std::views::iota(1, 10)) | streams::filter(is_even);
///     auto lines = streams::from(in);      // a receiver; operators take it as it is
///
/// Closing   ends with the range; or when the channel is closed and drained. If the
///           stream is dropped, what it has not received stays in the channel.
/// Cancel    a range never waits; a receiver throws `cancelled` out of next().
/// Lifetime  a range that is given by name is referred to, and outlives the stream;
///           elements of one that is moved in are moved. Over a range a stream is moved
///           only before it is read; asserted.
/// Memory    none for a range, one frame for a receiver.
template <std::ranges::input_range Range>
auto from(Range&& range) {
    using source = detail::range_source<Range>;
    return detail::pipeline<source>(source(std::forward<Range>(range)));
}

template <class Receiver>
    requires detail::is_receiving<Receiver>
auto from(const Receiver& in) {
    return detail::as_pipeline(in);
}

}  // namespace heddle::streams
