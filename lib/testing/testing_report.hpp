// SPDX-License-Identifier: BSL-1.0
// Explorations report failures, and read which schedule they are to replay.
#pragma once

#include <exception>
#include <optional>
#include <string>

namespace heddle HEDDLE_VARIANT::testing {

/// Writes to stderr the failure, the dump of the tasks, and the command that replays
/// it.
void report(const std::string& name, const std::string& variable,
            const std::string& value, const std::exception_ptr& failure,
            const std::string& dump);

/// Returns the schedule that HEDDLE_SCHEDULE gives for this name, if it gives one.
std::optional<std::string> schedule_from_environment(const std::string& name);

}  // namespace heddle::testing
