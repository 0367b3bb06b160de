// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace heddle::detail {

/// Outstanding work of a host, which lives as long.
class host_work {
public:
    explicit host_work(host* h) noexcept : host_(h) {
        if (host_)
            host_->work_started();
    }
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

/// An Asio executor for a host: what it runs never runs at the same time as the host's
/// tasks. Handlers of Asio operations started by a task are associated with it, so that
/// the intermediate steps of composed operations run inside the host too.
///
/// Its properties are in its type: Asio asks for some that it has already, for each
/// operation, and that costs nothing then.
template <bool NeverBlocks, bool Tracked>
class basic_host_executor {
    using blocking_t = asio::execution::blocking_t;
    using work_t = asio::execution::outstanding_work_t;

public:
    explicit basic_host_executor(counted<host> h) noexcept
        requires(!Tracked)
        : host_(std::move(h)) {}

    /// The same host with other properties.
    template <bool N, bool T>
    explicit basic_host_executor(const basic_host_executor<N, T>& o) noexcept
        : host_(o.home()) {}

    template <class F>
    void execute(F&& f) const {
        home()->execute(std::forward<F>(f), !NeverBlocks);
    }

    asio::execution_context& query(asio::execution::context_t) const noexcept {
        return home()->context();
    }
    static constexpr blocking_t query(blocking_t) noexcept {
        if constexpr (NeverBlocks)
            return blocking_t::never;
        else
            return blocking_t::possibly;
    }
    auto require(blocking_t::never_t) const noexcept {
        return basic_host_executor<true, Tracked>(*this);
    }
    auto require(blocking_t::possibly_t) const noexcept {
        return basic_host_executor<false, Tracked>(*this);
    }
    auto require(work_t::tracked_t) const noexcept {
        return basic_host_executor<NeverBlocks, true>(*this);
    }
    auto require(work_t::untracked_t) const noexcept {
        return basic_host_executor<NeverBlocks, false>(*this);
    }

    friend bool operator==(const basic_host_executor& a,
                           const basic_host_executor& b) noexcept {
        return a.home()->same_place(*b.home());
    }

    host* home() const noexcept { return host_.get(); }

private:
    std::conditional_t<Tracked, host_work, counted<host>> host_;
};

using host_executor = basic_host_executor<false, false>;

}  // namespace heddle::detail
