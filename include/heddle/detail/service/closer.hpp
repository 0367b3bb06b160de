// SPDX-License-Identifier: BSL-1.0
// The end of a channel that a pattern closes.
#pragma once

#include <heddle/channel.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Closes a channel when it is destroyed. As the first parameter of a task it does so
/// on every way out, after all else in the frame, even if the task never runs.
template <class T>
class closer {
public:
    explicit closer(sender<T> end) noexcept : end_(std::move(end)) {}
    closer(closer&&) noexcept = default;  // nil is not closed
    ~closer() { end_.try_close(); }

    const sender<T>& end() const noexcept { return end_; }

    /// Refers to the value, which may be of a type that send() warns of.
    send_op<T> send(T& value) const noexcept { return {end_.core(), value}; }

private:
    sender<T> end_;
};

}  // namespace heddle::detail
