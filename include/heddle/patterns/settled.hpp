// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/channel_operations.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// What an object keeps of a result of type T.
template <class T>
struct stored {
    using type = T;
};
template <class T>
struct stored<T&> {
    using type = std::reference_wrapper<T>;
};
template <>
struct stored<void> {
    using type = unit;
};
template <class T>
using stored_t = typename stored<T>::type;

}  // namespace detail

/// How a task has ended: with a result, or with an exception. It has the names of
/// std::expected.
///
///     heddle::settled<int> n = ...;
///     if (n) use(*n);                  // or n.has_value()
///     int m = n.value();               // rethrows the exception
///
/// Threads   one at a time.
/// Errors    value() of one with an exception rethrows that. Requires of `*`: it has a
///           result.
template <class T = void>
class settled {
public:
    template <class... Args>
    explicit settled(std::in_place_t, Args&&... args)
        : value_(std::in_place, std::forward<Args>(args)...) {}
    explicit settled(std::exception_ptr error) noexcept : error_(std::move(error)) {}

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    /// The exception, `cancelled` too; null if there is a result.
    const std::exception_ptr& error() const noexcept { return error_; }

    /// The result; nothing for settled<void>.
    std::add_lvalue_reference_t<T> value() & {
        check();
        if constexpr (!std::is_void_v<T>)
            return *value_;
    }
    T value() && {
        check();
        if constexpr (!std::is_void_v<T>)
            return *std::move(value_);
    }

    template <class U = T>
        requires(!std::is_void_v<U>)
    U& operator*() noexcept {
        return *value_;
    }
    template <class U = T>
        requires(!std::is_void_v<U>)
    const U& operator*() const noexcept {
        return *value_;
    }

private:
    void check() const {
        if (error_)
            std::rethrow_exception(error_);
    }

    std::optional<detail::stored_t<T>> value_;
    std::exception_ptr error_;
};

}  // namespace heddle
