// SPDX-License-Identifier: BSL-1.0
#include <heddle/errors.hpp>

#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/platform/asio.hpp>

#include <cstddef>
#include <cstdio>

namespace heddle HEDDLE_VARIANT {

const detail::errors::error_category& error_category() noexcept {
    static const class : public detail::errors::error_category {
        const char* name() const noexcept override { return "heddle"; }
        std::string message(int code) const override {
            if (code == static_cast<int>(errc::closed))
                return "channel closed";
            return code == static_cast<int>(errc::failed) ? "failed with an exception"
                                                          : "unknown error";
        }
    } category;
    return category;
}

namespace {

/// Writes a duration in the largest unit that it is a whole number of.
void write(duration d, char* to, std::size_t size) noexcept {
    static constexpr struct {
        long long nanoseconds;
        const char* name;
    } units[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1000, "us"}, {1, "ns"}};
    const auto* unit = units;
    while (d.count() % unit->nanoseconds != 0)
        ++unit;
    std::snprintf(to, size, "%lld%s",
                  static_cast<long long>(d.count() / unit->nanoseconds), unit->name);
}

}  // namespace

timed_out::timed_out(duration limit, const char* who) noexcept : limit_(limit) {
    char number[32];
    write(limit, number, sizeof number);
    std::snprintf(text_, sizeof text_,
                  "heddle: with_timeout: a call of %.100s took longer than %s and was "
                  "cancelled; catch heddle::timed_out, or use heddle::timeout",
                  who, number);
}

const char* timed_out::what() const noexcept { return text_; }

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
