// SPDX-License-Identifier: BSL-1.0
#include <heddle/watch.hpp>

#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

std::pair<watch_core::pointer, std::uint64_t> watch_core::get() noexcept {
    guard g(lock());
    return {value_, version_};
}

bool watch_core::set(pointer& value, std::optional<std::uint64_t> expected) {
    wake_list wakes;
    {
        guard g(lock());
        if (closed_)
            throw std::logic_error("heddle: set() of a watch that is closed");
        if (expected && *expected != version_)
            return false;
        value_.swap(value);
        ++version_;
        waiters().wake_all(wakes, outcome::done);  // [current]
    }
    wakes.release();
    return true;
}

void watch_core::close() noexcept {
    wake_list wakes;
    {
        guard g(lock());
        closed_ = true;
        waiters().wake_all(wakes, outcome::closed);  // [current]
    }
    wakes.release();
}

}  // namespace heddle::detail
