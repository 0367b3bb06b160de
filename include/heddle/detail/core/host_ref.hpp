// SPDX-License-Identifier: BSL-1.0
// Two ways to refer to a host: with outstanding work, and without.
#pragma once

#include <heddle/detail/core/host.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Outstanding work of a host; the host lives as long as this does. Requires: one that
/// was moved from is not copied.
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

/// The reference to a host in a handler that a task waits for. It is valid as long as
/// an Asio executor is. A context's own host lives until the context ends, so it is not
/// counted, which costs nothing; any other host is held.
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
