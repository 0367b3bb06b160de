// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/core/task_registry.hpp>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

atomic<std::uint64_t> last_number{0};

}  // namespace

std::uint64_t new_task_numbers(std::uint32_t n) noexcept {
    return add<std::uint64_t>(last_number, n, std::memory_order_relaxed) + 1;
}

std::uint64_t task_numbers() noexcept {
    return last_number.load(std::memory_order_relaxed);
}

}  // namespace heddle::detail
