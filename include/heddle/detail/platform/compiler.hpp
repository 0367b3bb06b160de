// SPDX-License-Identifier: BSL-1.0
// All that differs from one compiler, its standard library, or processor, to another. A
// port to a new compiler gives each of these names a meaning; no file outside this room
// asks which compiler it is.
#pragma once

#include <heddle/detail/platform/agreement.hpp>

#include <coroutine>
#include <version>

#ifndef __SIZEOF_INT128__
#include <heddle/detail/platform/wide_int.hpp>
#endif

/// Is defined where the standard library has std::stop_token. Clang's libc++ has it only
/// with -fexperimental-library.
#ifdef __cpp_lib_jthread
#define HEDDLE_HAS_STOP_TOKEN 1
#endif

/// Is defined where the standard library has std::expected, and the program is C++23.
#ifdef __cpp_lib_expected
#define HEDDLE_HAS_EXPECTED 1
#endif

/// Marks a name that the library defines and headers use. All other symbols of it are
/// hidden.
#define HEDDLE_API [[gnu::visibility("default")]]

/// Marks a function that must not be inlined. Where it uses a thread_local, that is a
/// matter of correctness: a coroutine that inlined it could keep the address of the
/// variable, and go on in another thread.
#define HEDDLE_NOINLINE [[gnu::noinline]]

/// Marks a function that is to be inlined even where the compiler would not. It may be
/// empty.
#define HEDDLE_ALWAYS_INLINE [[gnu::always_inline]]

/// Marks an await_suspend after which another thread may run the coroutine. If it is
/// inlined, clang before 17 keeps its local variables in the coroutine's frame
/// (llvm-project issue 56301).
#if defined(__clang__) && __clang_major__ < 17
#define HEDDLE_GIVES_AWAY HEDDLE_NOINLINE
#else
#define HEDDLE_GIVES_AWAY
#endif

/// Marks the type of a coroutine whose frame may lie in the frame of the coroutine that
/// awaits it in the expression that calls it. It may be empty.
#if __has_cpp_attribute(clang::coro_await_elidable)  // clang 20
#define HEDDLE_AWAIT_ELIDABLE [[clang::coro_await_elidable]]
#else
#define HEDDLE_AWAIT_ELIDABLE
#endif

/// Marks a thread_local of the size of a pointer that is read without a call, in a shared
/// library as well. It may be empty.
#define HEDDLE_STATIC_TLS [[gnu::tls_model("initial-exec")]]

/// The address to which the function that names it will return, for a report. The function
/// must be HEDDLE_NOINLINE. It may be null.
#define HEDDLE_RETURN_ADDRESS() __builtin_return_address(0)

namespace heddle HEDDLE_VARIANT::detail {

/// An integer with at least 128 bits. wide_unsigned may be a type that nothing else names.
#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide_int;
__extension__ typedef unsigned __int128 wide_unsigned;
#else
using wide_int = portable_wide_int;
struct wide_unsigned;
#endif

/// Works in a constant expression, which std::isnan does not in C++20.
constexpr bool is_nan(long double n) noexcept { return __builtin_isnan(n); }

/// The frame of the coroutine whose promise begins with this object. Requires: the promise
/// is aligned to two pointers at most, so that its place in the frame does not depend on
/// the rest of it.
template <class Base>
std::coroutine_handle<> frame_of(Base& promise) noexcept {
    static_assert(alignof(Base) <= 2 * sizeof(void*));
    return std::coroutine_handle<Base>::from_promise(promise);
}

/// Begins to load the cache line of `p`. It may do nothing.
inline void prefetch(const void* p) noexcept { __builtin_prefetch(p); }

/// Promises to the compiler that control does not get here. It may do nothing.
[[noreturn]] inline void unreachable() noexcept { __builtin_unreachable(); }

/// Tells the processor that this thread polls a value, so that the poll costs other
/// threads less. It may do nothing but keep the compiler from moving memory accesses.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield" ::: "memory");
#else
    asm volatile("" ::: "memory");
#endif
}

/// Whether an aggregate prvalue in a co_await expression is destroyed twice, as g++ before
/// 13 does.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool destroys_aggregates_twice = true;
#else
inline constexpr bool destroys_aggregates_twice = false;
#endif

}  // namespace heddle::detail
