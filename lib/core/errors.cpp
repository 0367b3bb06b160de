// SPDX-License-Identifier: BSL-1.0
#include <heddle/errors.hpp>

#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/platform/asio.hpp>

namespace heddle HEDDLE_VARIANT {

const detail::errors::error_category& error_category() noexcept {
    static const class : public detail::errors::error_category {
        const char* name() const noexcept override { return "heddle"; }
        std::string message(int code) const override {
            return code == static_cast<int>(errc::closed) ? "channel closed"
                                                          : "unknown error";
        }
    } category;
    return category;
}

namespace detail {

/// They are never destroyed: threads may use them until the process has ended.
const prepared_failures& prepared() noexcept {
    static const auto& made = *new prepared_failures{
        failure_of<done_closed>(), failure_of<deadline_exceeded>(),
        failure_of<task_abandoned>(
            "heddle: the execution context of this task was destroyed"),
        failure_of<system_error>(
            asio::error::make_error_code(asio::error::operation_aborted))};
    return made;
}

namespace {
[[maybe_unused]] const bool made_at_load = (prepared(), true);
}

}  // namespace detail

}  // namespace heddle
