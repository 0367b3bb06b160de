// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>

#include <utility>

namespace heddle::detail {

/// An Asio executor for a host: what it runs never runs at the same time as the host's
/// tasks. Handlers of Asio operations started by a task are associated with it, so that
/// the intermediate steps of composed operations run inside the host too.
class host_executor {
public:
    explicit host_executor(counted<host> h) noexcept : host_(std::move(h)) {}
    host_executor(const host_executor& o) noexcept
        : host_(o.host_), never_blocks_(o.never_blocks_), tracked_(o.tracked_) {
        if (tracked_)
            host_->work_started();
    }
    host_executor(host_executor&& o) noexcept
        : host_(std::move(o.host_)), never_blocks_(o.never_blocks_),
          tracked_(std::exchange(o.tracked_, false)) {}
    host_executor& operator=(host_executor o) noexcept {
        std::swap(host_, o.host_);
        std::swap(never_blocks_, o.never_blocks_);
        std::swap(tracked_, o.tracked_);
        return *this;
    }
    ~host_executor() {
        if (tracked_)
            host_->work_finished();
    }

    template <class F>
    void execute(F&& f) const {
        host_->execute(std::forward<F>(f), !never_blocks_);
    }

    asio::execution_context& query(asio::execution::context_t) const noexcept {
        return host_->context();
    }
    asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
        if (never_blocks_)
            return asio::execution::blocking.never;
        return asio::execution::blocking.possibly;
    }
    host_executor require(asio::execution::blocking_t::never_t) const {
        return with(true, tracked_);
    }
    host_executor require(asio::execution::blocking_t::possibly_t) const {
        return with(false, tracked_);
    }
    host_executor require(asio::execution::outstanding_work_t::tracked_t) const {
        return with(never_blocks_, true);
    }
    host_executor require(asio::execution::outstanding_work_t::untracked_t) const {
        return with(never_blocks_, false);
    }

    friend bool operator==(const host_executor& a, const host_executor& b) noexcept {
        return a.host_->same_place(*b.host_);
    }

    const counted<host>& home() const noexcept { return host_; }

private:
    host_executor with(bool never_blocks, bool tracked) const {
        host_executor e(host_);
        e.never_blocks_ = never_blocks;
        e.tracked_ = tracked;
        if (tracked)
            host_->work_started();
        return e;
    }

    counted<host> host_;
    bool never_blocks_ = false;
    bool tracked_ = false;
};

}  // namespace heddle::detail
