// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/foreign_executor.hpp>
#include <heddle/detail/host.hpp>
#include <heddle/detail/token_wait.hpp>
#include <heddle/detail/worker_pool.hpp>

#include <asio/thread_pool.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heddle::detail {

/// What the hosts of one execution context share: the list of them, the clock and the seed.
class context_state : pinned {
public:
    static std::shared_ptr<context_state> of(asio::execution_context& ctx);

    explicit context_state(std::optional<std::uint64_t> seed = {},
                           bool virtual_clock = false, chooser* explorer = nullptr);

    /// Does something else than the FIFO say who runs next?
    bool seeded() const noexcept { return seeded_; }
    chooser* explorer() const noexcept { return chooser_; }
    std::uint64_t next_seed() noexcept;

    bool is_virtual() const noexcept { return virtual_; }
    time_point virtual_now() const noexcept {
        return time_point(duration(now_.load(std::memory_order_relaxed)));
    }
    /// Lets virtual time jump to the next deadline. False: there is none up to `limit`,
    /// and it is `limit` now.
    bool advance(time_point limit = time_point::max()) noexcept;
    bool has_deadline() noexcept;  // that lies ahead

    void add(host& h) noexcept;
    void remove(host& h) noexcept;
    void leave(host& h) noexcept;  // it is shut: no outsider any more
    std::size_t live() noexcept { return sum(&host::live); }
    std::size_t unused_numbers() noexcept { return sum(&host::unused_numbers); }
    void describe(std::string& to);

    /// Handlers that wait in operations: destroyed with the context.
    void add(token_wait& w) noexcept;
    void remove(token_wait& w) noexcept;

    /// Executors that others hold: taken back when the context ends.
    void add(foreign_executor& e) noexcept;
    counted<lent_executor> take_back(foreign_executor& e) noexcept;
    counted<lent_executor> borrow(const foreign_executor& e) noexcept;

    /// Who is told what escaped a detached task; null: it leaves io_context::run().
    void on_unhandled(std::function<void(std::exception_ptr)> f);
    std::shared_ptr<const std::function<void(std::exception_ptr)>> unhandled() const;

    /// The threads of go_blocking, started at its first use.
    asio::thread_pool& blocking_pool();

    /// Somebody was claimed, and is under way to a host here [homecoming].
    bool somebody_comes() const noexcept {
        return coming.n.load(std::memory_order_acquire) != 0;
    }

    /// Some task waits in an operation that has not ended, whoever runs it.
    bool handler_pending() noexcept { return sum(&host::owned_by_handlers) != 0; }

    /// Hosts of other contexts exist: something outside may still send.
    bool outsiders() noexcept;

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
    bool is_shut() const noexcept { return shut_.load(std::memory_order_acquire); }

    /// All services are shut: nothing starts tasks any more.
    void release_own() noexcept;

    atomic<int> posting{0};  // threads that are posting something here [posting]

    /// How many were claimed by threads that drain no host here, and are in no inbox yet
    /// [homecoming]. Each drain handler reads it, so it has a cache line of its own.
    struct alignas(64) number_under_way {
        atomic<std::uint32_t> n{0};
    } coming;
    void wait_for_posting() noexcept;

private:
    friend class inside_context;

    std::size_t sum(std::size_t (host::*count)() noexcept) noexcept;
    time_point first_deadline() noexcept;
    void abandon_waits() noexcept;
    void take_back_executors() noexcept;
    void yield_until_one_leaves() const noexcept;  // of the hosts

    mutable spin_lock lock_;
    host* first_ = nullptr;                 // guarded by lock_
    std::size_t hosts_ = 0;                 // guarded by lock_
    counted<host> own_;                     // guarded by lock_
    std::unique_ptr<worker_pool> workers_;  // set once, guarded by lock_ until then
    token_wait* waits_ = nullptr;           // guarded by lock_
    foreign_executor* lent_ = nullptr;      // guarded by lock_
    std::shared_ptr<const std::function<void(std::exception_ptr)>>
        on_unhandled_;                         // guarded by lock_
    std::unique_ptr<asio::thread_pool> pool_;  // guarded by lock_
    std::uint64_t random_;
    const bool seeded_;
    const bool virtual_;
    chooser* const chooser_;
    atomic<duration::rep> now_{0};
    atomic<bool> shut_{false};
};

/// A thread uses a context whose end waits for that [posting]. Not counted where it is the only
/// thread there is: nobody ends the context meanwhile.
class context_use : pinned {
public:
    explicit context_use(context_state& s) noexcept
        : state_(single_threaded() ? nullptr : &s) {
        if (state_)
            add(state_->posting, 1, std::memory_order_seq_cst);
    }
    ~context_use() {
        if (state_)
            add(state_->posting, -1,
                std::memory_order_release);  // pairs with context_state::shut()
    }

private:
    context_state* const state_;
};

/// A thread is inside a context, though it drains none of its hosts: it calls what may be code of
/// the user, and the end of the context would wait until that has returned. If that code is
/// what ends it, there is a word instead.
class inside_context : pinned {
public:
    explicit inside_context(const context_state& s) noexcept;
    ~inside_context();

    /// Does this thread drain a host of `s`, run it, or call from inside it?
    static bool is_here(const context_state& s) noexcept;

private:
    static counted<host> who_knows(const context_state& s) noexcept;

    const context_state& state_;
    inside_context* const before_;
};

/// What ends a context would wait for itself. Says so, and aborts.
[[noreturn]] void ends_from_inside() noexcept;

/// Makes `ctx` use this clock and seed. Before anything of heddle has been used on it.
void set_context_state(asio::execution_context& ctx,
                       std::shared_ptr<context_state> state);

}  // namespace heddle::detail
