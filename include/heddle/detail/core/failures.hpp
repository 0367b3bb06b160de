// SPDX-License-Identifier: BSL-1.0
// Failures that are told to waits, by functions that must not throw.
#pragma once

#include <heddle/detail/platform/config.hpp>
#include <heddle/detail/platform/error_code.hpp>

#include <exception>

namespace heddle HEDDLE_VARIANT::detail {

/// Returns a new E as a failure, or a bad_alloc if there is no memory for it.
template <class E, class... Args>
std::exception_ptr failure_of(const Args&... args) noexcept {
    try {
        return std::make_exception_ptr(E(args...));
    } catch (...) {
        return std::current_exception();
    }
}

/// Why a wait has failed, for a caller that wants no exception: an exception, which may
/// have a code, or the code of a system_error alone.
struct wait_failure {
    std::exception_ptr exception;
    error_code code;
    explicit operator bool() const noexcept { return exception || code; }
};

/// Failures that are always the same are made as the library is loaded. So it takes no
/// memory to tell one.
struct prepared_failures {
    std::exception_ptr done_closed;
    std::exception_ptr deadline_exceeded;
    std::exception_ptr task_abandoned;
    std::exception_ptr operation_aborted;
};
HEDDLE_API const prepared_failures& prepared() noexcept;

}  // namespace heddle::detail
