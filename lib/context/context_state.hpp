// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "context/blocking_threads.hpp"
#include "core/context_core.hpp"

#include "parallel/worker_pool.hpp"
#include <heddle/detail/context/context_guest.hpp>
#include <heddle/detail/context/foreign_executor.hpp>
#include <heddle/detail/core/host.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace heddle HEDDLE_VARIANT::detail {

/// The state that heddle keeps for one execution context: that which its hosts share
/// (the base), its own hosts, the threads for blocking work, and the objects that must
/// not outlive it.
class context_state final : public context_core {
public:
    static std::shared_ptr<context_state> of(asio::execution_context& ctx);

    explicit context_state(std::optional<std::uint64_t> seed = {},
                           bool virtual_clock = false, chooser* explorer = nullptr)
        : context_core(seed, virtual_clock, explorer) {}

    using context_core::add;
    using context_core::remove;

    /// A guest waits here and is no task. It is abandoned when the context ends.
    void add(context_guest& g) noexcept;
    void remove(context_guest& g) noexcept;

    /// Other objects hold lent executors. These are taken back when the context ends.
    void add(foreign_executor& e) noexcept;
    counted<lent_executor> take_back(foreign_executor& e) noexcept;
    counted<lent_executor> borrow(const foreign_executor& e) noexcept;

    /// The threads of go_blocking, started at its first use.
    blocking_threads& blocking();

    /// The context's own host, which is made at its first use. `self` is this.
    template <class Executor>
    static counted<host> own(const std::shared_ptr<context_state>& self,
                             const Executor& ex);

    /// A worker of the parallel host, which is made at its first use, with `n` workers.
    static counted<host> worker_of(const std::shared_ptr<context_state>& self,
                                   const asio::io_context::executor_type& ex,
                                   std::size_t n);

    /// Lets the workers begin no other turn.
    void stop_workers() noexcept {
        guard g(lock_);
        if (workers_)
            workers_->stop();
    }

    /// Ends the context: shuts all hosts; a host that is made later is shut from the
    /// beginning. Aborts if it is called from inside the context, as it would wait for
    /// itself.
    void shut() noexcept;

    /// Drops the hosts. Requires: all services are shut, so that nothing starts tasks
    /// any more.
    void release_own() noexcept;

private:
    bool runs_here() noexcept;
    void abandon_guests() noexcept;
    void take_back_executors() noexcept;

    // Guarded by lock_; workers_ only until it is set, which happens once.
    counted<host> own_;
    std::unique_ptr<worker_pool> workers_;
    intrusive_list<context_guest, &context_guest::in_context_> guests_;      // [listed]
    intrusive_list<foreign_executor, &foreign_executor::in_context_> lent_;  // [lent]
    std::unique_ptr<blocking_threads> blocking_;
};

/// Makes `ctx` use this clock and seed. Requires: nothing of heddle has been used on it
/// yet.
void set_context_state(asio::execution_context& ctx,
                       std::shared_ptr<context_state> state);

}  // namespace heddle::detail
