// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>
#include <heddle/detail/host_ref.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace heddle::detail {

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
