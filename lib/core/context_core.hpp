// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/context_member.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heddle::detail {

/// What the hosts of one execution context share: the list of them, the clock and the seed,
/// and the count of the threads that use the context from outside. Invariant:
///   [posting] a thread that posts something to the context, or uses an executor of it
///             otherwise, is counted in posting; the end of the context waits for that.
class context_core : pinned {
public:
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

    void add(context_member& h) noexcept;
    void remove(context_member& h) noexcept;
    void leave(context_member& h) noexcept;  // it is shut: no outsider any more
    std::size_t live() noexcept { return sum(&context_member::live); }
    std::size_t unused_numbers() noexcept {
        return sum(&context_member::unused_numbers);
    }
    void describe(std::string& to);

    /// Hosts of other contexts exist: something outside may still send.
    bool outsiders() noexcept;

    /// The function that is told of what escaped a detached task; null: it leaves
    /// io_context::run().
    void on_unhandled(std::function<void(std::exception_ptr)> f);
    std::shared_ptr<const std::function<void(std::exception_ptr)>> unhandled() const;

    bool is_shut() const noexcept { return shut_.load(std::memory_order_acquire); }

    /// A task was claimed, and is under way to a host here [homecoming].
    bool somebody_comes() const noexcept {
        return coming.n.load(std::memory_order_acquire) != 0;
    }

    /// Some task waits in an operation that has not ended, whatever thread runs it.
    bool handler_pending() noexcept {
        return sum(&context_member::owned_by_handlers) != 0;
    }

    atomic<int> posting{0};  // [posting]

    /// How many were claimed by threads that drain no host here, and are in no inbox yet
    /// [homecoming]. Each drain handler reads it, so it has a cache line of its own.
    struct alignas(64) number_under_way {
        atomic<std::uint32_t> n{0};
    } coming;
    void wait_for_posting() noexcept;

protected:
    explicit context_core(std::optional<std::uint64_t> seed, bool virtual_clock,
                          chooser* explorer);
    ~context_core() = default;

    /// Hosts that are made from now on are born shut.
    void close_doors() noexcept { shut_.store(true, std::memory_order_release); }
    void shut_hosts() noexcept;

    mutable spin_lock lock_;

private:
    std::size_t sum(std::size_t (context_member::*count)() noexcept) noexcept;
    time_point first_deadline() noexcept;

    context_member* first_ = nullptr;  // guarded by lock_
    std::size_t hosts_ = 0;            // guarded by lock_
    std::shared_ptr<const std::function<void(std::exception_ptr)>>
        on_unhandled_;      // guarded by lock_
    std::uint64_t random_;  // guarded by lock_
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
    explicit context_use(context_core& s) noexcept
        : state_(single_threaded() ? nullptr : &s) {
        if (state_)
            add(state_->posting, 1, std::memory_order_seq_cst);
    }
    ~context_use() {
        if (state_)
            add(state_->posting, -1,
                std::memory_order_release);  // pairs with wait_for_posting()
    }

private:
    context_core* const state_;
};

/// A thread is inside a context, though it drains none of its hosts: it calls what may be code of
/// the user, and the end of the context would wait until that has returned. If that code is
/// what ends it, there is a word instead.
class inside_context : pinned {
public:
    explicit inside_context(const context_core& s) noexcept;
    ~inside_context();

    /// Does this thread drain a host of `s`, or call from inside it?
    static bool is_here(const context_core& s) noexcept;

private:
    const context_core& state_;
    inside_context* const before_;
};

/// What ends a context would wait for itself. Says so, and aborts.
[[noreturn]] void ends_from_inside() noexcept;

}  // namespace heddle::detail
