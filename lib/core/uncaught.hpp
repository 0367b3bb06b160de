// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <exception>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

/// From now on, a deadlock or a `cancelled` that nobody catches ends the program with a
/// line that says so; so does a failure that was told to note_escape(). The terminate
/// handler from before is called after that, except for a deadlock.
void explain_uncaught() noexcept;

/// This failure of the task `who` is about to leave the library.
void note_escape(const std::exception_ptr& failure, const std::string& who) noexcept;

}  // namespace heddle::detail
