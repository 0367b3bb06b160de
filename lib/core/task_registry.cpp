// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/core/task_registry.hpp>

namespace heddle HEDDLE_VARIANT::detail {

atomic<std::uint64_t> last_task_number{0};

}  // namespace heddle::detail
