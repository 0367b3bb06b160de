// SPDX-License-Identifier: BSL-1.0
// The calls of the operating system that headers need. lib/platform/port.hpp has the
// others, and says what a port is.
#pragma once

#include <heddle/detail/platform/compiler.hpp>

#include <atomic>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace heddle HEDDLE_VARIANT::detail::port {

/// Returns whether this process has never started a second thread. It is called before
/// each lock, so it is inline; and it is marked likely, since a mispredicted jump is hidden
/// by the locked instruction that follows it on the other path. A port may return false:
/// then no lock is left out.
inline bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
    return __builtin_expect(__libc_single_threaded != 0, 1);
#else
    return false;
#endif
}

/// Gives the core to another thread, as this one has nothing to do until that has run.
HEDDLE_API void yield_thread() noexcept;

/// Returns when the value of this std::atomic<int> is no longer `old`; and wakes one thread
/// that waits so, after the value has changed. A port may use the members of std::atomic,
/// where they work: those of libstdc++ 12 lose wakes on systems without a futex.
#ifdef _WIN32
HEDDLE_API void wait_at(const void* word, int old) noexcept;  // may return early
HEDDLE_API void wake_at(void* word) noexcept;

template <class Atomic>
void wait_while(const Atomic& word, int old) noexcept {
    static_assert(sizeof word == sizeof old);
    while (word.load(std::memory_order_acquire) == old)
        wait_at(&word, old);
}
template <class Atomic>
void wake_one(Atomic& word) noexcept {
    wake_at(&word);
}
#else
template <class Atomic>
void wait_while(const Atomic& word, int old) noexcept {
    word.wait(old, std::memory_order_acquire);
}
template <class Atomic>
void wake_one(Atomic& word) noexcept {
    word.notify_one();
}
#endif

}  // namespace heddle::detail::port
