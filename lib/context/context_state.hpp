// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "core/context_core.hpp"

#include "parallel/worker_pool.hpp"
#include <heddle/detail/context/context_guest.hpp>
#include <heddle/detail/context/foreign_executor.hpp>
#include <heddle/detail/core/host.hpp>

#include <asio/thread_pool.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace heddle::detail {

/// What heddle keeps for one execution context, beside what its hosts share: its own hosts,
/// the threads for blocking work, and what must not outlive it.
class context_state final : public context_core {
public:
    static std::shared_ptr<context_state> of(asio::execution_context& ctx);

    explicit context_state(std::optional<std::uint64_t> seed = {},
                           bool virtual_clock = false, chooser* explorer = nullptr)
        : context_core(seed, virtual_clock, explorer) {}

    using context_core::add;
    using context_core::remove;

    /// What waits here and is no task: abandoned when the context ends.
    void add(context_guest& g) noexcept;
    void remove(context_guest& g) noexcept;

    /// Executors that others hold: taken back when the context ends.
    void add(foreign_executor& e) noexcept;
    counted<lent_executor> take_back(foreign_executor& e) noexcept;
    counted<lent_executor> borrow(const foreign_executor& e) noexcept;

    /// The threads of go_blocking, started at its first use.
    asio::thread_pool& blocking_pool();

    /// The context's own host, made at its first use. `self` is this.
    template <class Executor>
    static counted<host> own(const std::shared_ptr<context_state>& self,
                             const Executor& ex);

    /// The parallel host, made at its first use with `n` workers: one of these.
    static counted<host> worker_of(const std::shared_ptr<context_state>& self,
                                   const asio::io_context::executor_type& ex,
                                   std::size_t n);

    /// They begin no other turn.
    void stop_workers() noexcept {
        guard g(lock_);
        if (workers_)
            workers_->stop();
    }

    /// The context ends: shuts all hosts, and those made from now on are born shut. Called
    /// from inside the context it would wait for itself: aborts.
    void shut() noexcept;

    /// All services are shut: nothing starts tasks any more.
    void release_own() noexcept;

private:
    bool runs_here() noexcept;
    void abandon_guests() noexcept;
    void take_back_executors() noexcept;

    counted<host> own_;                        // guarded by lock_
    std::unique_ptr<worker_pool> workers_;     // set once, guarded by lock_ until then
    context_guest* guests_ = nullptr;          // guarded by lock_
    foreign_executor* lent_ = nullptr;         // guarded by lock_
    std::unique_ptr<asio::thread_pool> pool_;  // guarded by lock_
};

/// Makes `ctx` use this clock and seed. Before anything of heddle has been used on it.
void set_context_state(asio::execution_context& ctx,
                       std::shared_ptr<context_state> state);

}  // namespace heddle::detail
