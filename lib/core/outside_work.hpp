// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/host.hpp>

namespace heddle::detail {

/// Work of a host while a thread puts a turn into its idle inbox and posts the drain handler
/// [homecoming]. In between the inbox is not idle, so a handler of the context leaves its turn
/// there and ends, with its work: without this one the context could run out of work. With
/// one thread in the process nothing comes in between.
class host::outside_work : pinned {
public:
    explicit outside_work(host& h) noexcept : host_(single_threaded() ? nullptr : &h) {
        if (host_)
            host_->work_started();
    }
    ~outside_work() {
        if (host_)
            host_->work_finished();
    }

private:
    host* const host_;
};

}  // namespace heddle::detail
