// SPDX-License-Identifier: BSL-1.0
// The dump that a debugger calls. lib/CMakeLists.txt gives this file debug information, so
// that the debugger knows what is returned.
#include "run/for_debuggers.hpp"

namespace heddle HEDDLE_VARIANT {

std::string dump_tasks() {
    std::string text;
    detail::describe_here(text);
    return text;
}

std::string (*const detail::for_debuggers)() = dump_tasks;

}  // namespace heddle
