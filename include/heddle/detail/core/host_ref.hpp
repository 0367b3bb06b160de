// SPDX-License-Identifier: BSL-1.0
// How others refer to a host, for as long as they need it.
#pragma once

#include <heddle/detail/core/host.hpp>

#include <utility>

namespace heddle::detail {

/// Outstanding work of a host, which lives as long. Not copied once it was moved from.
class host_work {
public:
    explicit host_work(host* h) noexcept : host_(h) { host_->work_started(); }
    host_work(const host_work& o) noexcept : host_work(o.host_) {}
    host_work(host_work&& o) noexcept : host_(std::exchange(o.host_, nullptr)) {}
    host_work& operator=(host_work o) noexcept {
        std::swap(host_, o.host_);
        return *this;
    }
    ~host_work() {
        if (host_)
            host_->work_finished();
    }

    host* get() const noexcept { return host_; }

private:
    host* host_;
};

/// The host of a handler that a task waits for. It is valid as long as an Asio executor: a
/// context's own host until the context ends, which costs nothing; any other is held.
class lent_host {
public:
    explicit lent_host(host* h) noexcept : host_(h), holds_(!h->lasts()) {
        if (holds_)
            host_->take();
    }
    lent_host(const lent_host& o) noexcept : host_(o.host_), holds_(o.holds_) {
        if (holds_)
            host_->take();
    }
    lent_host(lent_host&& o) noexcept
        : host_(o.host_), holds_(std::exchange(o.holds_, false)) {}
    lent_host& operator=(lent_host o) noexcept {
        std::swap(host_, o.host_);
        std::swap(holds_, o.holds_);
        return *this;
    }
    ~lent_host() {
        if (holds_)
            host_->drop();
    }

    host* get() const noexcept { return host_; }

private:
    host* host_;
    bool holds_;
};

}  // namespace heddle::detail
