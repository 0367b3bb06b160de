// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/process.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// From now on, a deadlock or a `cancelled` that nobody catches ends the program with a
/// line that says so; so does a failure that was told to note_escape(). The terminate
/// handler from before is called after that, except for a deadlock.
void explain_uncaught() noexcept;

/// The failure of `p`, which has one, is about to leave the library.
void note_escape(process& p) noexcept;

}  // namespace heddle::detail
