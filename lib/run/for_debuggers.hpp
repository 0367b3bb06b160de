// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <string>

namespace heddle HEDDLE_VARIANT::detail {

/// Describes the tasks of the running task's context, or else those of all contexts.
void describe_here(std::string& to);

/// The function that a debugger calls. Each program refers to it, and so contains it.
extern std::string (*const for_debuggers)();

}  // namespace heddle::detail
