// SPDX-License-Identifier: BSL-1.0
// How explorations report a failure, and what they are asked to replay.
#pragma once

#include <exception>
#include <optional>
#include <string>

namespace heddle::testing {

/// Writes what failed, what the tasks did then, and how to see it again, to stderr.
void report(const std::string& name, const std::string& variable,
            const std::string& value, const std::exception_ptr& failure,
            const std::string& dump);

/// The schedule that HEDDLE_SCHEDULE has for this name.
std::optional<std::string> schedule_from_environment(const std::string& name);

}  // namespace heddle::testing
