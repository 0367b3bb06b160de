// SPDX-License-Identifier: BSL-1.0
#include <heddle/sync.hpp>

namespace heddle::detail {

void wait_count::add(long n) {
    wake_list wakes;
    {
        guard g(lock_);
        if (count_ + n < 0)
            throw std::logic_error(
                "heddle: wait_group below zero: done() without add()");
        count_ += n;
        if (count_ == 0)
            waiters_.wake_all(wakes, outcome::done);
    }
    wakes.release();
}

}  // namespace heddle::detail
