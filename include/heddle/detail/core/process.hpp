// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/done_node.hpp>
#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/core/locals.hpp>
#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/timers/timer_heap.hpp>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

class asio_wait;
class promise_base;

/// How a process begins. in_turn: it has begun, or will when its turn comes. fresh: it
/// has not begun, and is in the FIFO of its home. called: it began at once, for the
/// task that joined it, and returns to that task as a call would.
enum class begins : std::uint8_t { in_turn, fresh, called };

/// A task that `go` has started: one line of execution, made of the frames of the
/// coroutines that await each other. This block outlives the frames while a join
/// handle, a token or a child's node refers to it. Invariants:
///   [top]     top is the frame to resume; each frame knows its caller.
///   [current] the token in force is `current`, null in a shield; only the process
///             itself changes it, under `lock`; whether the claim word says cancelled
///             follows it.
///   [once]    a process is in one place: running, in a queue of its host, parked in
///             operations, or owned by the handler of an Asio operation.
///
/// A process has at most one *holder* at a time [once]: the thread that launches it,
/// until it is queued; the drainer of its home, while it runs, is queued there or waits
/// in an Asio operation; the thread that destroys the handler of that operation; the
/// thread that has claimed it [claim], until it has handed it to its home. A process
/// that is parked and not claimed has none. The claim word or the queue by which it is
/// handed over orders memory. A field marked "the holder's" is also read by a dump
/// while no thread drains the home [dump], and by the end of the home, when no task
/// runs there any more. Each field says which thread may touch it, and when; of those
/// that `sleeper` has,
///   `word` is changed by any thread, as claim_word says; only the holder renews it;
///   `winner` is the holder's, which is the claiming thread until the wake [winner];
///   `turn` and `next_ready` belong to the queue or wake list that it is in; before
///     that to the holder, or to the thread whose interrupt() says `cancelling`;
///   `pins` is changed and read by any thread, at any time;
///   `shard` is the holder's, and changes when it enters a registry.
struct HEDDLE_API process : sleeper, done_node, pooled {
    /// With two references: the run's own, and that of the join handle.
    explicit process(const void* at) noexcept : done_node(2), spawned_at(at) {}
    ~process() override {
        if (keeps_home || has_signal || has_label)
            drop_rest();
    }

    bool is_fresh() const noexcept {
        return beginning.load(std::memory_order_relaxed) == begins::fresh;
    }
    bool was_called() const noexcept {
        return beginning.load(std::memory_order_relaxed) == begins::called;
    }
    void begin(begins how = begins::in_turn) noexcept {  // starts its first turn
        beginning.store(how, std::memory_order_relaxed);
        io = nullptr;
    }

    /// Returns whether a done token is in force and closed.
    bool interrupted() const noexcept { return current && current->closed(); }

    /// Returns whether anything but the operations that it waits in may end its wait.
    bool cancellable() const noexcept {
        return current &&
               (current->has_parent() || held.load(std::memory_order_acquire) ||
                current->closed());  // cancelled before its handle was dropped
    }

    /// The token in force; null in a shield.
    done_node* token() noexcept;

    /// The node under which children of this task are attached; null if there is none.
    done_node* scope() noexcept {
        return current != this ? scope_entered() : cancellable() ? this : nullptr;
    }

    /// Makes `node` the token in force, or none if it is null; returns the one before.
    done_node* enter(done_node* node) noexcept;

    /// Ends the wait of this process if `by` is in force. The tree's lock is held.
    void interrupt_by(const done_node& by, wake_list&) noexcept;

    [[noreturn]] void throw_cancelled() const;
    /// The same as a value.
    wait_failure cancellation() const noexcept;

    /// Makes `signal` if there is none.
    void need_signal() noexcept {
        if (!has_signal)
            ::new (static_cast<void*>(&signal)) asio::cancellation_signal;
        has_signal = true;
    }

    void rename(std::string name);
    /// Appends its name, in brackets, if it has one. Returns where it was started. Any thread
    /// may call.
    const void* describe(std::string& to);

    /// Its failure is about to leave the library. If nobody catches that, the program
    /// says which task it left.
    void note_escape() noexcept;

    /// Moves the result of the root frame, or the exception that escaped it, into this
    /// block, and destroys that frame.
    virtual void settle() noexcept = 0;

    /// Destroys the result, for which nobody will ask any more; references that are
    /// left keep only the block.
    virtual void forget_result() noexcept = 0;

    /// Returns whether the exception that escaped is `cancelled` and either the token
    /// of the process is closed or the process itself threw it, for a token of one of
    /// its waits.
    bool ends_normally() const noexcept;

    /// Returns whether it waits in an Asio operation.
    bool owned_by_handler() const noexcept;

    /// Undoes claim_result(): the result stays with the handle after all.
    void give_back() noexcept;

    /// Withdraws from all operations it waits in. Returns false if another thread has
    /// claimed it; then its wake is under way.
    bool withdraw_all() noexcept;

    /// Destroys the frames, the innermost first, without recursion.
    void destroy_frames() noexcept;

    /// The host it runs on; on a parallel host, the worker that ran it last. The holder
    /// writes it: at launch, when it moves to another host (under `lock`), when a
    /// worker begins its turn, and when a parallel host ends. Any thread reads it, to
    /// wake or to cancel the process.
    relaxed_pointer<host> home{nullptr};

    /// The holder's [top].
    promise_base* top = nullptr;

    /// The holder writes it under `lock` and reads it without; other threads read it
    /// under `lock` [current].
    done_node* current = this;

    union {
        /// The Asio operation that it is parked in. The holder's once it has begun; it
        /// is also read by a thread that emits its cancellation, while it is
        /// cancelling.
        asio_wait* io = nullptr;
        /// While it is fresh: its predecessor in the FIFO; belongs to that FIFO, as
        /// `next_ready` does, and is guarded by the worker's lock if the home is a
        /// worker.
        runnable* previous;
    };

    /// The values that its task has inherited, and those of the scopes in which it is.
    /// The holder's; null once the frames have been destroyed.
    counted<const local_binding> locals;

    /// The time of the drain turn in which it parked. The holder's.
    time_point since{};

    /// The first arm of the wait that it is parked in. The holder's.
    operation* waits = nullptr;

    /// Written by the drainer of its home, or, under the worker's lock, by a thief that
    /// takes it; a joiner on any thread may read it, but acts on it only on the
    /// process's own host.
    atomic<begins> beginning{begins::in_turn};

    /// A join handle refers to it. Cleared under `lock` by the thread that destroys the
    /// handle. The process reads it without `lock`, the end of the process under `lock`.
    atomic<bool> held{true};

    /// Guarded by `lock`; set once, by the drainer that ends the process.
    bool ended = false;

    /// Its result, or its failure, has a taker. Written by the thread that uses the
    /// join handle, or that drops its async_join: under `lock`, unless the process has
    /// ended. The end of the process reads it under `lock`.
    bool taken = false;

    /// It ended with a failure that its handle may have to report, and so holds a
    /// reference on its home. Written by the drainer that ends it, under `lock`; read
    /// after that.
    bool keeps_home : 1 = false;

    /// this_task::done() has given its token away. Used by the process itself, and at
    /// its end.
    bool exposed : 1 = false;

    bool has_signal : 1 = false;  // the holder's

    bool has_label = false;  // guarded by `lock`

    /// Guards the end of the process, its token in force and its name.
    spin_lock lock;

    list_place<process> in_registry;  // guarded by the registry's lock

    wait_list joiners;  // guarded by `lock`

    /// The exception that escaped. Written by the holder before `ended` is set; after
    /// that used by the thread that takes the result or reports the failure.
    std::exception_ptr failure;

    struct label_of_task {
        std::string name;
        const void* spawned_at;
    };
    union {  // guarded by `lock`; read by dumps
        const void* spawned_at;
        label_of_task* label;  // if it has_label
    };

    union {
        /// Each Asio operation that it awaits and that its token may cancel reuses this,
        /// once it has_signal. The holder's; but the signal is emitted on the executor of
        /// an operation that belongs to another context: until that is over the process is
        /// cancelling, and does not go on.
        asio::cancellation_signal signal;
    };

    /// Set once, by the registry, before the process is queued; constant from then on.
    std::uint64_t id;

private:
    done_node* scope_entered() noexcept;
    void drop_rest() noexcept;
    void interrupt(wake_list& wakes, wake_list&) noexcept final {
        interrupt_by(*this, wakes);
    }
};

/// The turn of a process whose Asio operation is to be cancelled.
HEDDLE_API void emit_cancellation(runnable&, host&);

/// Claims a parked process, and counts it if it comes from outside [homecoming].
/// `certain`: popping its operation was the claim, and the claim word is left alone.
/// Returns whether it was claimed. If its operation stays linked otherwise, a certain claim
/// fails as well once its context ends, which may be about to withdraw it [lost].
bool claim_process(process&, bool certain, dropped how = dropped::unlinked) noexcept;

/// Marks a process that was claimed and counted [homecoming] until it is submitted. It
/// is never called as a turn.
void from_outside(runnable&, host&);

inline process& as_process(runnable& r) noexcept {
    return static_cast<process&>(static_cast<sleeper&>(r));
}

/// A scope that a process has entered. It is in the frame that awaits with_done, or a
/// function like it.
class HEDDLE_API scope_guard final : public done_node {
public:
    /// If `token` is null, no token is in force inside.
    scope_guard(process& self, done_node* token) noexcept;
    ~scope_guard() override;

    done_node* token() const noexcept { return token_.get(); }
    process& self() const noexcept { return self_; }
    /// The token that is in force outside; null if there is none.
    done_node* outer() const noexcept {
        bool entered = before_ && before_ != &self_;
        return entered ? static_cast<scope_guard*>(before_)->token() : before_;
    }

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
