// SPDX-License-Identifier: BSL-1.0
// A host on one type of Asio executor: how it posts its drain handler and arms its
// timer.
#pragma once

#include "context/context_state.hpp"
#include "memory/handler_allocator.hpp"

#include "parallel/worker_pool.hpp"
#include <heddle/detail/core/host.hpp>
#include <heddle/detail/platform/asio.hpp>

#include HEDDLE_ASIO(basic_waitable_timer.hpp)

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class Executor>
class host_on final : public host {
public:
    host_on(std::shared_ptr<context_state> state, const Executor& ex,
            std::unique_ptr<worker> w = {})
        : host(std::move(state), std::move(w)),
          context_(asio::query(ex, asio::execution::context)), executor_(ex) {}

    asio::execution_context& context() const noexcept override { return context_; }

    bool runs_here() const noexcept override {
        if constexpr (requires { executor_->running_in_this_thread(); })
            return executor_->running_in_this_thread();
        else
            return false;
    }

private:
    /// A timer of a strand's host is not on the strand: in that Asio would need memory when
    /// the timer fires, and could only throw it away.
    static constexpr bool on_strand =
        requires(const Executor& ex) { ex.get_inner_executor(); };
    static decltype(auto) timer_place(const Executor& ex) noexcept {
        if constexpr (on_strand)
            return ex.get_inner_executor();
        else
            return ex;
    }
    using asio_timer = asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
        std::decay_t<decltype(timer_place(std::declval<const Executor&>()))>>;

    using working_executor = std::decay_t<decltype(asio::prefer(
        std::declval<Executor&>(), asio::execution::outstanding_work.tracked))>;

    /// Whether the executor is copied without code of a user, and without memory. Then it may
    /// be copied under the lock; else only its address moves there, and the program ends if
    /// there is no memory for it.
    static constexpr bool plain = !std::is_same_v<Executor, asio::any_io_executor>;
    using work_guard = std::conditional_t<plain, std::optional<working_executor>,
                                          std::unique_ptr<working_executor>>;

    work_guard track() const {
        auto made = asio::prefer(*executor_, asio::execution::outstanding_work.tracked);
        if constexpr (plain)
            return made;
        else
            return std::make_unique<working_executor>(std::move(made));
    }

    /// The memory of the one drain handler that is outstanding.
    using drain_memory =
        std::conditional_t<on_strand, shared_handler_memory<192>, handler_memory<192>>;
    static drain_memory memory_of([[maybe_unused]] host_on& h) noexcept {
        if constexpr (on_strand)
            return drain_memory(h);
        else
            return {};
    }

    /// Holds the host. It is destroyed instead of called if the context is destroyed.
    class drain_handler {
    public:
        using allocator_type = handler_allocator<void, drain_memory>;

        explicit drain_handler(host_on& h) noexcept : host_(&h) {}
        void operator()() const { host_->drain(); }
        allocator_type get_allocator() const noexcept {
            return allocator_type(host_->memory_);
        }

    private:
        counted<host_on> host_;
    };

    class timer_handler {
    public:
        timer_handler(host_on& h, unsigned alarm) noexcept : host_(&h), alarm_(alarm) {}
        void operator()(const error_code& ec) const {
            if (!ec)
                host_->timer_fired(alarm_, !on_strand);
        }

    private:
        counted<host_on> host_;
        unsigned alarm_;
    };

    void post_drain(bool continuation) override {
        before_post(*executor_);
        [[maybe_unused]] typename drain_memory::posting now(memory_);
        if (continuation)
            asio::defer(*executor_, drain_handler(*this));
        else
            asio::post(*executor_, drain_handler(*this));
    }
    void arm(unsigned alarm, time_point t) override {
        std::optional<asio_timer>& timer = alarms_[alarm];
        if (!timer)
            timer.emplace(timer_place(*executor_));
        timer->expires_at(t);
        timer->async_wait(timer_handler(*this, alarm));
    }
    void disarm() noexcept override {
        for (auto& timer : alarms_)
            if (timer)
                timer->cancel();
    }
    void let_go() noexcept override {
        for (auto& timer : alarms_)
            timer.reset();
        work_guard last;  // the work may end later, in a handler of another context
        guard g(work_lock_);
        last.swap(work_guard_);
    }
    void forget_executor() noexcept override { executor_.reset(); }
    void first_work() noexcept override {
        std::optional<context_use> use;  // covers the use of the executor
        work_guard made;
        if constexpr (!plain) {
            use.emplace(state());
            if (is_open())
                made = track();
        }
        guard g(work_lock_);
        if (work_.load(std::memory_order_relaxed) == 0) {
            take();
            if (!is_shut()) {  // asked once: the end waits in let_go() for this lock
                if constexpr (plain)
                    made = track();
                work_guard_.swap(made);
            }
        }
        add<std::size_t>(work_, 1,
                         std::memory_order_release);  // publishes the guard
    }
    void last_work() noexcept override {
        counted<host> keep;
        std::optional<context_use> use;  // lets the end wait: let_go() finds no guard
        work_guard last;                 // its destructor may stop the context
        guard g(work_lock_);
        if (add<std::size_t>(work_, ~std::size_t{0}, std::memory_order_acq_rel) == 1) {
            use.emplace(state());
            last.swap(work_guard_);
            keep = counted<host>::adopt(this);
        }
    }
    void dispose() noexcept override {
        auto kept = shared_state();
        inside_context ending(*kept);  // the executor may be the context's last owner
        kept->remove(*this);           // [listed]
        delete this;
    }

    asio::execution_context& context_;
    std::optional<Executor> executor_;  // until the context has ended
    drain_memory memory_ = memory_of(*this);
    std::optional<asio_timer> alarms_[2];
    spin_lock work_lock_;
    work_guard work_guard_;  // guarded by work_lock_
};

}  // namespace heddle::detail
