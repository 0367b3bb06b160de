// SPDX-License-Identifier: BSL-1.0
// What few channels have beyond a lock, a ring and two queues.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

namespace heddle HEDDLE_VARIANT {

/// What a send does that finds the buffer full: it waits; or it drops the value that
/// has been in the buffer longest, and puts its own there; or it drops its own.
enum class overflow : std::uint8_t { wait, drop_oldest, drop_newest };

inline constexpr overflow drop_oldest = overflow::drop_oldest;
inline constexpr overflow drop_newest = overflow::drop_newest;

/// A channel that keeps the latest value only: a buffer of one that drops its oldest.
struct conflated_t {
    explicit conflated_t() = default;
};
inline constexpr conflated_t conflated{};

/// A limit of what a buffer holds by weight, as in bytes, beside its limit by number.
/// `weigh` is a lambda that captures nothing: weigh(const T&) gives the weight of a
/// value, always the same for the same value. It runs under the channel's lock: it must
/// not throw, and must not call heddle.
template <class Weigh>
    requires(std::is_empty_v<Weigh> && std::is_default_constructible_v<Weigh>)
class weight_limit {
public:
    /// A limit of 0: std::length_error when the channel is made.
    weight_limit(std::size_t limit, Weigh) noexcept : limit_(limit) {}

    // -- for the library ------------------------------------------------------------
    std::size_t limit() const noexcept { return limit_; }
    template <class T>
    static std::size_t weigh(const void* value) noexcept {
        return static_cast<std::size_t>(Weigh()(*static_cast<const T*>(value)));
    }

private:
    std::size_t limit_;
};

namespace detail {

/// Made when it is first needed, and guarded by the lock of its channel.
struct channel_rules {
    std::optional<std::string> name;
    std::exception_ptr cause;   // of the close
    std::uint64_t dropped = 0;  // how many values an overflow has dropped
    std::size_t reserved = 0;   // how much room belongs to permits
    std::size_t weight = 0;     // of what is in the ring, if it has a limit
    std::size_t weight_limit = std::numeric_limits<std::size_t>::max();
    std::size_t (*weigh)(const void*) noexcept = nullptr;
    heddle::overflow overflow = heddle::overflow::wait;
};

}  // namespace detail

}  // namespace heddle
