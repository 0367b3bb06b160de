// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/context_member.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

/// The state that the hosts of one execution context share: the list of the hosts, the
/// clock and the seed, and the count of the threads that use the context from outside.
/// Invariant:
///   [posting] a thread that posts something to the context, or uses an executor of it
///             otherwise, is counted in posting; the end of the context waits for that.
class context_core : pinned, public std::enable_shared_from_this<context_core> {
public:
    /// Returns whether a seed or an explorer, and not the FIFO, decides which task runs
    /// next.
    bool seeded() const noexcept { return seeded_; }
    chooser* explorer() const noexcept { return chooser_; }
    std::uint64_t next_seed() noexcept;

    bool is_virtual() const noexcept { return virtual_; }
    time_point virtual_now() const noexcept {
        return time_point(duration(now_.load(std::memory_order_relaxed)));
    }
    /// Lets virtual time jump to the next deadline. Returns false if there is none up
    /// to `limit`; then it is `limit` now, unless that is max().
    bool advance(time_point limit = time_point::max()) noexcept;
    bool has_deadline() noexcept;  // is there one that lies ahead?

    void add(context_member& h) noexcept;
    void remove(context_member& h) noexcept;
    void leave(context_member& h) noexcept;  // it is shut, and wakes no others any more
    std::size_t live() noexcept { return sum(&context_member::live); }
    std::size_t unused_numbers() noexcept {
        return sum(&context_member::unused_numbers);
    }
    void describe(std::string& to);

    /// Describes the tasks of all contexts of this process, the oldest context first.
    static void describe_all(std::string& to);
    list_place<context_core> in_process;  // guarded by the lock of that list

    /// Returns whether hosts of other contexts exist, whose tasks may still send to
    /// tasks here.
    bool outsiders() noexcept;

    /// The child of a fork goes on with this context of its parent.
    void use_in_child() noexcept;

    /// Sets the function that is called with the exception that escaped a detached
    /// task. If it is null, the exception leaves io_context::run().
    void on_unhandled(std::function<void(std::exception_ptr)> f);
    std::shared_ptr<const std::function<void(std::exception_ptr)>> unhandled() const;

    bool is_shut() const noexcept { return shut_.load(std::memory_order_acquire); }

    /// Returns whether a task was claimed and is under way to a host here [homecoming].
    bool somebody_comes() const noexcept {
        return coming.n.load(std::memory_order_acquire) != 0;
    }

    /// Asked once the hosts are shut. If it returns false, each thread that claims a task here
    /// from outside later sees that they are [lost].
    bool claims_under_way() noexcept {
        return detail::add(coming.n, 0u, std::memory_order_acq_rel) != 0;
    }

    /// Returns whether some task waits in an Asio operation that has not ended.
    bool handler_pending() noexcept {
        return sum(&context_member::owned_by_handlers) != 0;
    }

    atomic<int> posting{0};  // [posting]

    /// How many tasks were claimed by threads that drain no host here, and are in no
    /// inbox yet [homecoming]. Each drain handler reads it, so it has a cache line of
    /// its own.
    struct alignas(64) number_under_way {
        atomic<std::uint32_t> n{0};
    } coming;
    void wait_for_posting() noexcept;

protected:
    explicit context_core(std::optional<std::uint64_t> seed, bool virtual_clock,
                          chooser* explorer);
    ~context_core();

    /// From now on a host that is made here is shut from the beginning.
    void close_doors() noexcept { shut_.store(true, std::memory_order_release); }
    void shut_hosts() noexcept;

    mutable spin_lock lock_;

private:
    std::size_t sum(std::size_t (context_member::*count)() noexcept) noexcept;
    time_point first_deadline() noexcept;
    bool used_here() const noexcept;

    // guarded by lock_ [listed]
    intrusive_list<context_member, &context_member::in_context_> members_;
    std::size_t hosts_ = 0;  // how many members are counted; guarded by lock_
    std::shared_ptr<const std::function<void(std::exception_ptr)>>
        on_unhandled_;      // guarded by lock_
    std::uint64_t random_;  // guarded by lock_
    const bool seeded_;
    const bool virtual_;
    chooser* const chooser_;
    atomic<duration::rep> now_{0};
    atomic<bool> shut_{false};
    unsigned used_after_;  // this many forks; guarded by lock_
};

/// While one of these lives, its thread is counted as a user of the context, and the
/// end of the context waits for it [posting]. If the program has one thread, that is
/// not counted: no other thread could end the context meanwhile.
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

/// While one of these lives, its thread is inside a context though it drains none of
/// its hosts: it calls code that may be the user's, and the end of the context would
/// wait until that has returned. If that code ends the context itself, the program says
/// so and aborts, instead of waiting for ever.
class inside_context : pinned {
public:
    explicit inside_context(const context_core& s) noexcept;
    ~inside_context();

    /// Returns whether this thread drains a host of `s`, or is inside `s`.
    static bool is_here(const context_core& s) noexcept;

    /// Returns whether this thread will wake a task of `s` once the user's code that it is
    /// in has returned.
    static bool holds_back_task_of(const context_core& s) noexcept;

private:
    const context_core& state_;
    inside_context* const before_;
};

/// Called by a thread that ends a context and would wait for itself. Says so, and
/// aborts.
[[noreturn]] void ends_from_inside() noexcept;

}  // namespace heddle::detail
