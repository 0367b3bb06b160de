// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/host.hpp>
#include <heddle/detail/core/host_ref.hpp>
#include <heddle/detail/memory/frame_pool.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class F>
struct function_turn final : runnable, pooled {
    explicit function_turn(F&& function) : f(std::move(function)) { turn = run; }
    explicit function_turn(const F& function) : f(function) { turn = run; }

    static void run(runnable& r, host& h) {
        std::unique_ptr<function_turn> self(static_cast<function_turn*>(&r));
        F function(std::move(self->f));
        self.reset();  // before the call, which may use the memory again
        if (!h.is_shut())
            function();
    }

    F f;
};

template <class F>
HEDDLE_NOINLINE void execute_later(host& home, F&& f) {
    auto* turn = new function_turn<std::decay_t<F>>(std::forward<F>(f));
    home.ready(*turn, host::current());
}

/// Runs `f` as a part of `home`: now, if it may, this thread runs the executor and no
/// other drains the host; else in a turn. Asio's handlers come in through this.
template <class F>
void execute_in(host& home, F&& f, bool may_run_now) {
    if (home.is_shut())
        return;  // f is destroyed, as are the handlers of a context that is destroyed
    using function = std::remove_reference_t<F>;
    auto call = [](void* it) { std::forward<F> (*static_cast<function*>(it))(); };
    auto* argument = const_cast<std::remove_const_t<function>*>(&f);
    if (!may_run_now || !home.run_here(call, argument))
        execute_later(home, std::forward<F>(f));
}

/// The types by which an executor refers to its host, with tracked work and without.
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

/// An Asio executor for a host: a function that it runs never runs at the same time as
/// the host's tasks. The handlers of Asio operations that a task starts are associated
/// with one, so that the intermediate steps of composed operations run inside the host
/// too.
///
/// Its properties are in its type: for each operation Asio asks for some that the
/// executor has already, and that costs nothing then.
template <bool NeverBlocks, class Hold>
class basic_host_executor {
    using blocking_t = asio::execution::blocking_t;
    using work_t = asio::execution::outstanding_work_t;

public:
    explicit basic_host_executor(Hold h) noexcept : host_(std::move(h)) {}

    template <class F>
    void execute(F&& f) const {
        execute_in(*home(), std::forward<F>(f), !NeverBlocks);
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

    /// Requires: this was not moved from. The compiler is told so, as g++ 12 would
    /// otherwise warn of a null pointer.
    host* home() const noexcept {
        host* h = host_.get();
        if (!h)
            unreachable();
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
