// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>

#include <concepts>
#include <type_traits>
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

/// How an executor refers to its host, where work is tracked and where it is not.
template <class Hold>
struct holds_of {
    using tracked = host_work;
    using untracked = counted<host>;
};
template <>
struct holds_of<lent_host> {
    using tracked = host_work;
    using untracked = lent_host;
};

/// An Asio executor for a host: what it runs never runs at the same time as the host's
/// tasks. Handlers of Asio operations started by a task are associated with one, so that
/// the intermediate steps of composed operations run inside the host too.
///
/// Its properties are in its type: Asio asks for some that it has already, for each
/// operation, and that costs nothing then.
template <bool NeverBlocks, class Hold>
class basic_host_executor {
    using blocking_t = asio::execution::blocking_t;
    using work_t = asio::execution::outstanding_work_t;

public:
    explicit basic_host_executor(Hold h) noexcept : host_(std::move(h)) {}

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
        return basic_host_executor<true, Hold>(host_);
    }
    auto require(blocking_t::possibly_t) const noexcept {
        return basic_host_executor<false, Hold>(host_);
    }
    auto require(work_t::tracked_t) const noexcept {
        return with_hold<typename holds_of<Hold>::tracked>();
    }
    auto require(work_t::untracked_t) const noexcept {
        return with_hold<typename holds_of<Hold>::untracked>();
    }

    friend bool operator==(const basic_host_executor& a,
                           const basic_host_executor& b) noexcept {
        return a.home()->same_place(*b.home());
    }

    /// Requires: nothing was moved from here. Told to the compiler, as g++ 12 would warn of
    /// what happens otherwise.
    host* home() const noexcept {
        host* h = host_.get();
        if (!h)
            __builtin_unreachable();
        return h;
    }

private:
    template <class Other>
    auto with_hold() const noexcept {
        return basic_host_executor<NeverBlocks, Other>(Other(home()));
    }

    Hold host_;
};

using host_executor = basic_host_executor<false, counted<host>>;
using handler_executor = basic_host_executor<false, lent_host>;

}  // namespace heddle::detail
