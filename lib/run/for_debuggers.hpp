// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <string>

namespace heddle HEDDLE_VARIANT {

// inspect.hpp declares it, too, but the file that defines it has debug information, and so
// includes no more than this.
HEDDLE_API std::string dump_tasks();

namespace detail {

/// Describes the tasks of the running task's context, or else those of all contexts.
void describe_here(std::string& to);

/// The function that a debugger calls. Each program refers to it, and so contains it.
extern std::string (*const for_debuggers)();

}  // namespace detail
}  // namespace heddle
