// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/core/done_node.hpp>
#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/timers/timer_heap.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace heddle::detail {

class asio_wait;
class promise_base;

/// How a process begins: when its turn comes; not yet, and it is in the FIFO of its home; or
/// at once, for who joined it, to whom it returns as a call would.
enum class begins : std::uint8_t { in_turn, fresh, called };

/// What `go` starts: one line of execution, made of the frames of the coroutines that
/// await each other. This block outlives the frames while a join handle, a token or a
/// child's node refers to it. Invariants:
///   [top]     top is the frame to resume; each frame knows its caller.
///   [current] the token in force is `current`, null in a shield; changed by the process
///             itself, under lock_; the `cancelled` bit of the claim word follows it.
///   [once]    a process is in one place: running, in a queue of its host, parked in
///             operations, or owned by the handler of an Asio operation.
struct HEDDLE_API process : sleeper, done_node, pooled {
    process(host& h, const void* spawned_at) noexcept;
    ~process() override;

    bool is_fresh() const noexcept {
        return beginning.load(std::memory_order_relaxed) == begins::fresh;
    }
    bool was_called() const noexcept {
        return beginning.load(std::memory_order_relaxed) == begins::called;
    }
    void begin(begins how = begins::in_turn) noexcept {  // its first turn
        beginning.store(how, std::memory_order_relaxed);
        io = nullptr;
    }

    /// Is a done token in force, and closed?
    bool interrupted() const noexcept { return current && current->closed(); }

    /// May anything but the operations it waits in end its wait?
    bool cancellable() const noexcept {
        return current &&
               (current->has_parent() || held.load(std::memory_order_acquire) ||
                current->closed());  // cancelled, and the handle dropped
    }

    /// The token in force; null: a shield.
    done_node* token() noexcept;

    /// The node that children of this task answer to; null: none.
    done_node* scope() noexcept;

    /// Makes `node` (null: none) the token in force; returns the one before.
    done_node* enter(done_node* node) noexcept;

    /// Ends the wait of this process if `by` is in force. The tree's lock is held.
    void interrupt_by(const done_node& by, wake_list&) noexcept;

    [[noreturn]] void throw_cancelled() const;

    /// Moves what the root frame returned, or what escaped, into this block.
    virtual void settle() noexcept = 0;

    /// Nobody will ask for the result any more; who refers to this block keeps only that.
    virtual void forget_result() noexcept = 0;

    /// What escaped is `cancelled`, and the token of its wait, or its own, is closed.
    bool ends_normally() const noexcept;

    /// It waits in an Asio operation.
    bool owned_by_handler() const noexcept;

    /// The result that was claimed stays with the handle after all.
    void give_back() noexcept;

    /// Withdraws from all it waits in. False: it was claimed, its wake is under way.
    bool withdraw_all() noexcept;

    /// Destroys the frames, the innermost first, without recursion.
    void destroy_frames() noexcept;

    /// Where it runs; on a parallel host, the worker that ran it last.
    relaxed_pointer<host> home;
    promise_base* top = nullptr;
    done_node* current = this;
    union {
        asio_wait* io = nullptr;  // the Asio operation it is parked in
        runnable* previous;       // while fresh: who is before it in the FIFO
    };
    time_point since{};          // the time of the drain turn in which it parked
    operation* waits = nullptr;  // first arm of what it is parked in
    atomic<begins> beginning{begins::in_turn};
    atomic<bool> held{false};  // a join handle refers to it
    bool ended = false;        // guarded by lock
    bool taken = false;        // its result, or its failure, reached somebody
    bool keeps_home = false;   // ended with a failure its handle may have to report
    bool exposed = false;      // this_task::done() gave its token away
    spin_lock lock;
    process* prev_live = nullptr;
    process* next_live = nullptr;
    wait_list joiners;                  // guarded by lock
    std::exception_ptr failure;         // guarded by ended
    std::unique_ptr<std::string> name;  // guarded by lock
    const void* spawned_at;
    asio::cancellation_signal signal;  // reused by each Asio operation awaited
    std::uint64_t id = 0;              // given when it is enrolled

private:
    void interrupt(wake_list& wakes, wake_list&) noexcept final {
        interrupt_by(*this, wakes);
    }
    void dispose() noexcept final { delete this; }
};

/// The turn of a process whose Asio operation is to be cancelled.
HEDDLE_API void emit_cancellation(runnable&, host&);

/// Claims a parked process; its `claim` unless it is certain. Counts it [homecoming].
bool claim_process(process&, bool certain) noexcept;
void from_outside(runnable&, host&);

inline process& as_process(runnable& r) noexcept {
    return static_cast<process&>(static_cast<sleeper&>(r));
}

/// A scope entered by a process: with_done and its kin put it in their frame.
class HEDDLE_API scope_guard : public done_node {
public:
    /// Null: no token is in force inside.
    scope_guard(process& self, done_node* token) noexcept;
    ~scope_guard() override;

    done_node* token() const noexcept { return token_.get(); }

private:
    void interrupt(wake_list& wakes, wake_list&) noexcept final {
        self_.interrupt_by(*this, wakes);
    }
    void dispose() noexcept final {}

    process& self_;
    counted<done_node> token_;
    done_node* before_;
};

}  // namespace heddle::detail
