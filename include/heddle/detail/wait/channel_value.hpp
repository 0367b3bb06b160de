// SPDX-License-Identifier: BSL-1.0
// The requirements of a channel on the type of its values.
#pragma once

#include <heddle/detail/platform/compiler.hpp>

#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// An rvalue this small is copied into its send, which may then outlive the expression.
template <class T>
constexpr bool cheap_copy = std::is_trivially_copyable_v<T> &&
                            std::is_copy_constructible_v<T> && sizeof(T) <= 16;

/// Whether the compiler would destroy a T that is made in a co_await expression twice.
template <class T>
constexpr bool destroyed_twice = destroys_aggregates_twice && std::is_aggregate_v<T> &&
                                 !std::is_trivially_destructible_v<T>;

/// T, or a type in its place if there can be no such channel.
template <class T>
constexpr bool is_element =
    std::is_object_v<T> && !std::is_const_v<T> && !std::is_array_v<T>;
template <class T>
using element = std::conditional_t<is_element<T>, T, char>;

template <class T>
constexpr bool element_type() {
    constexpr bool object = is_element<T>;
    static_assert(object,
                  "heddle::channel<T>: T must be a non-const object type; to send "
                  "a reference use a pointer, for no value heddle::channel<>");
    if constexpr (object) {
        constexpr bool moves = std::is_nothrow_move_constructible_v<T>;
        static_assert(moves, "heddle::channel<T>: moving a T may throw; send a "
                             "std::unique_ptr<T>");
        constexpr bool dies = std::is_nothrow_destructible_v<T>;
        static_assert(dies, "heddle::channel<T>: destroying a T may throw; send a "
                            "std::unique_ptr<T>");
    }
    return true;
}

/// Any list in braces.
struct braces {
    template <class... A>
    braces(A&&...);
};

}  // namespace heddle::detail
