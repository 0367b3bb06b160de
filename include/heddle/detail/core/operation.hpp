// SPDX-License-Identifier: BSL-1.0
// The operation protocol: sleepers, which wait; operations, in which they wait; and the
// wake list, through which they are woken. lib/README.md tells the life of a send
// through it.
#pragma once

#include <heddle/detail/core/claim_word.hpp>
#include <heddle/detail/platform/config.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

class host;
class operation;

/// Something that has a turn to come on a host. If `turn` is null, it is a process to
/// resume.
struct runnable {
    runnable* next_ready = nullptr;
    void (*turn)(runnable&, host&) = nullptr;
};

/// Something that waits: a process, the handler of a token-based operation, or a
/// thread. Invariants:
///   [claim]  a parked sleeper is claimed once, by the arm that happened or by the
///            closing token; only the thread that claimed it may wake it.
///   [winner] winner is set between claim and wake; it is null after a claim by the
///            token.
struct sleeper : runnable {
    claim_word word;
    // Only a process on a parallel host uses the next two.
    /// How many operations in flight keep it on its worker. A count that has reached
    /// `max_pins` never changes again.
    atomic<std::uint16_t> pins{0};
    static constexpr std::uint16_t max_pins = 0xFFFF;
    std::uint16_t shard = 0;  // the worker in whose registry it is
    operation* winner = nullptr;

    /// Whether it is no process.
    bool is_foreign() const noexcept { return shard == foreign; }

protected:
    static constexpr std::uint16_t foreign = 0xFFFF;  // more than there are workers
};

/// A sleeper that is no process. It is woken by a function of its own.
struct foreign_sleeper : sleeper {
    using wake_function = void (*)(foreign_sleeper&) noexcept;

    explicit foreign_sleeper(wake_function f) noexcept : woken(f) { shard = foreign; }
    void wake() noexcept { woken(*this); }

    const wake_function woken;
};

/// Sleepers that were claimed under a lock, and are woken once it is released.
class HEDDLE_API wake_list {
public:
    void add(runnable& r) noexcept {
        r.next_ready = nullptr;
        if (last_)
            last_->next_ready = &r;
        else
            first_ = &r;
        last_ = &r;
    }
    bool empty() const noexcept { return !first_; }

    /// The process in the list, if the list holds exactly one sleeper and that is a
    /// process; else null.
    struct process* only_process() const noexcept;

    /// Returns whether this thread will wake `r` once the user's code that it is in has
    /// returned.
    static bool holds_back(const runnable& r) noexcept;

    /// Wakes all in order. `here` is the host that this thread drains, or null.
    void release(host* here) noexcept;

    /// Does the same, and looks up the host that this thread drains.
    void release() noexcept;

private:
    static void wake_before(foreign_sleeper&, runnable* others) noexcept;

    runnable* first_ = nullptr;
    runnable* last_ = nullptr;
};

/// `dropped`: a send is done, but a value was dropped for it, which it has to destroy.
enum class outcome : std::uint8_t { pending, done, closed, dropped };

/// One wait in progress, and its node in the queue of its source while it is parked. It
/// lives in the awaiting frame: waiting allocates nothing.
///
/// Lifetime  an operation is destroyed only when it is not linked: the thread that
///           destroys a parked process withdraws its operations first.
///   [linked]  linked is written under the source's lock, and false is written last: a
///             thread that reads false without the lock knows that no other thread uses
///             the node, and that the source may be gone. Hence only withdraw() calls
///             leave_queue().
class operation : pinned {
public:
    /// The lock that guards the source. It is null for a nil arm, which is never ready.
    virtual spin_lock* source() const noexcept = 0;

    /// Tries to happen now; returns whether it has. Requires: the source's lock.
    virtual bool attempt_locked(wake_list&) noexcept = 0;

    /// Enters the source's queue. Requires: the source's lock, `who` set, not ready.
    virtual void enlist_locked() noexcept = 0;

    /// Leaves the queue. Returns false if it is in no queue, since a waker has popped
    /// it or it never entered one; then the source is not touched [linked].
    bool withdraw() noexcept {
        return linked.load(std::memory_order_acquire) && leave_queue();
    }

    /// Tells it that it has happened but the budget is spent: its result is delivered
    /// in a later turn, or never, if the process is destroyed before. Until then the
    /// objects that it refers to may be destroyed as well.
    virtual void postpone() noexcept {}

    /// Delivers the result, in the process that waited. May throw (a send to a closed
    /// channel).
    virtual void complete() {}

    /// Appends a description of the wait that goes after "waits", as "to receive on
    /// `jobs`".
    virtual void describe(std::string& to) const = 0;

    /// Returns whether this arm watches a done token that is closed and in force for
    /// the process.
    virtual bool watches_token_of(const struct process&) const noexcept {
        return false;
    }

    /// Returns whether only a task can wait in it.
    virtual bool needs_task() const noexcept { return false; }

    /// Returns false if it is plain that it could not happen now, or again once it has
    /// happened. Requires: the source's lock.
    virtual bool may_happen_locked() const noexcept { return true; }

    /// Returns whether it cannot happen again until its owner renews it.
    virtual bool happens_once() const noexcept { return false; }

    operation* prev;  // in the queue, while linked; guarded by the source's lock
    operation* next;
    sleeper* who = nullptr;
    operation* sibling = nullptr;  // the next arm of the same wait
    std::uint32_t index = 0;       // the number of the arm
    atomic<bool> linked{false};    // [linked]
    bool exclusive =
        false;  // it is the only claimant: popping it is the claim; never a nil arm
    bool of_selector = false;  // an arm of a selector, whose task may wait now or not
    outcome result = outcome::pending;

protected:
    /// Takes the lock and leaves the queue. Returns false if a waker was quicker.
    /// Requires: it was linked.
    virtual bool leave_queue() noexcept = 0;

    operation() = default;
    ~operation() {
        assert(!linked.load(std::memory_order_relaxed) &&
               "heddle: a wait destroyed while it is queued");
    }
};

/// What an operation is made from is no operation itself. Constructors that would take
/// anything else say so: std::tuple asks of each element whether it could be copied.
template <class From>
concept no_operation = !std::is_base_of_v<operation, From>;

/// Claims the sleeper that waits in the selector of `op`, if there is one; else tells
/// the selector that `op` may happen.
HEDDLE_API bool claim_in_selector(operation& op) noexcept;

/// Whether an operation whose sleeper could not be claimed stays linked.
enum class dropped : bool { unlinked, kept };

/// Does the work of claim_for() if the program has, or had, several threads. A task
/// whose context this thread does not drain is counted before it is claimed
/// [homecoming].
HEDDLE_API bool claim_among_threads(operation& op, dropped how) noexcept;

/// Claims the sleeper that waits in `op`, and makes `op` the winner. Requires: the
/// source's lock.
inline bool claim_for(operation& op, dropped how = dropped::unlinked) noexcept {
    if (!single_threaded())
        return claim_among_threads(op, how);
    bool won =
        op.exclusive || (op.of_selector ? claim_in_selector(op) : op.who->word.claim());
    if (won)
        op.who->winner = &op;
    return won;
}

/// The rule by which a wait in several operations chooses among those that can happen.
struct select_rule {
    bool by_priority;
    bool otherwise;  // there is such an arm; its index is the number of the other arms
};

/// A FIFO of operations: a ring that one pointer holds, guarded by the source's lock.
class wait_list {
public:
    bool empty() const noexcept { return !first_; }
    operation* front() const noexcept { return first_; }

    void push_back(operation& op) noexcept {
        if (first_) {
            op.prev = first_->prev;
            op.next = first_;
            op.prev->next = &op;
            first_->prev = &op;
        } else {
            first_ = op.prev = op.next = &op;
        }
        op.linked.store(true, std::memory_order_relaxed);
    }

    void push_front(operation& op) noexcept {
        push_back(op);
        first_ = &op;  // the list is a ring
    }

    void erase(operation& op) noexcept {
        take_out(op);
        unlink(op);
    }

    /// Pops the first operation whose sleeper can be claimed [claim]. An operation whose
    /// sleeper was claimed by another arm or by its token is dropped on the way. Requires:
    /// its sleeper keeps the source. Otherwise drop(op) keeps it: see channel_base.
    operation* pop_claimed() noexcept { return pop_claimed(unlink, dropped::unlinked); }
    template <class Drop>
    operation* pop_claimed(Drop drop, dropped how = dropped::kept) noexcept {
        while (operation* op = first_) {
            take_out(*op);
            if (claim_for(*op, how)) {
                unlink(*op);
                return op;
            }
            drop(*op);
        }
        return nullptr;
    }

    /// Does the same for the first operation that is `wanted`. O(those before it).
    template <class Wanted, class Drop>
    operation* pop_claimed_if(Wanted wanted, Drop drop) noexcept {
        for (operation *op = first_, *after; op; op = after) {
            after = op->next == first_ ? nullptr : op->next;
            if (!wanted(*op))
                continue;
            take_out(*op);
            if (claim_for(*op, dropped::kept)) {
                unlink(*op);
                return op;
            }
            drop(*op);
        }
        return nullptr;
    }

    /// Pops all operations, in order, and calls won(op) for those whose sleeper can be
    /// claimed. won() enlists nothing.
    template <class Won>
    void pop_each(Won won) noexcept {
        while (first_)
            if (operation* op = pop_front_claimed())
                won(*op);
    }

    /// Takes out the first operation, and returns it if its sleeper can be claimed.
    operation* pop_front_claimed() noexcept {
        operation& op = *first_;
        take_out(op);
        bool won = claim_for(op);
        unlink(op);
        return won ? &op : nullptr;
    }

    void wake_all(wake_list& wakes, outcome result) noexcept {
        wake_all(wakes, result, unlink, dropped::unlinked);
    }
    template <class Drop>
    void wake_all(wake_list& wakes, outcome result, Drop drop,
                  dropped how = dropped::kept) noexcept {
        while (operation* op = pop_claimed(drop, how)) {
            op->result = result;
            wakes.add(*op->who);
        }
    }

    static void unlink(operation& op) noexcept {
        op.linked.store(false, std::memory_order_release);  // [linked]
    }

private:
    void take_out(operation& op) noexcept {
        if (op.next == &op) {
            first_ = nullptr;
        } else {
            op.prev->next = op.next;
            op.next->prev = op.prev;
            if (first_ == &op)
                first_ = op.next;
        }
    }

    operation* first_ = nullptr;
};

/// Tries `op` under the lock of its source. If it cannot happen now, calls otherwise()
/// under the same lock, so that nothing happens at the source in between: a sleeper
/// enlists `op` there, and then publishes that it is parked. Once the lock is released,
/// another thread may wake that sleeper, and `op` may be gone. Returns whether it has
/// happened; then the caller releases the wakes. A nil arm has no lock, and never
/// happens.
///
/// Two waits do the same in another form: a task that awaits one operation keeps the
/// lock from one function to the next (park_one), and a selector also enlists an arm
/// that has happened.
template <class Otherwise>
inline bool attempt_or(operation& op, wake_list& wakes, Otherwise otherwise) noexcept {
    spin_lock* lock = op.source();
    if (!lock) {
        otherwise();
        return false;
    }
    bool locked = acquire(*lock);
    bool happened = op.attempt_locked(wakes);
    if (!happened)
        otherwise();
    release(*lock, locked);
    return happened;
}

/// The leave_queue() of operations whose source is no more than a queue and its lock.
inline bool leave(wait_list& list, spin_lock& lock, operation& op) noexcept {
    guard g(lock);
    bool was = op.linked.load(std::memory_order_relaxed);
    if (was)
        list.erase(op);
    return was;
}

}  // namespace heddle::detail
