// SPDX-License-Identifier: BSL-1.0
// The operation protocol: what can wait, what it waits in, and who wakes it.
// lib/README.md tells the life of a send through it.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle::detail {

class host;
class operation;

/// Something with a turn to come on a host. `turn` null: a process, to be resumed.
struct runnable {
    runnable* next_ready = nullptr;
    void (*turn)(runnable&, host&) = nullptr;
};

/// Bits of a sleeper's claim word.
namespace claim_word {
constexpr std::uint32_t waiting = 1;   // parked in operations: whoever clears it, wakes
constexpr std::uint32_t in_io = 2;     // parked in an Asio operation
constexpr std::uint32_t starting = 4;  // that operation is being initiated
constexpr std::uint32_t cancelling = 8;  // its cancellation is about to be emitted
constexpr std::uint32_t completed = 16;  // it completed while starting or cancelling
constexpr std::uint32_t cancelled = 32;  // the done token in force closed: no parking
}  // namespace claim_word

/// What waits: a process, or the handler of a token-based operation. Invariants:
///   [claim]  `waiting` is cleared once for each park, by the arm that happened or by the
///            closing token; only who cleared it may wake the sleeper.
///   [winner] set between claim and wake; null after a claim by the token.
struct sleeper : runnable {
    atomic<std::uint32_t> word{0};
    // Of a process on a parallel host:
    /// Operations in flight that keep it with its worker; one that is `max_pins` stays so.
    atomic<std::uint16_t> pins{0};
    static constexpr std::uint16_t max_pins = 0xFFFF;
    std::uint16_t shard = 0;  // the worker in whose registry it is
    operation* winner = nullptr;
    void (*foreign)(sleeper&) noexcept = nullptr;  // how to wake what is no process

    /// Publishes that this sleeper is parked. False: its token has closed, do not park.
    bool park() noexcept {
        std::uint32_t idle = 0;
        return exchange_if(word, idle, claim_word::waiting);
    }
    bool claim() noexcept {
        std::uint32_t parked = claim_word::waiting;
        return exchange_if(word, parked, std::uint32_t{0});
    }
};

/// Sleepers claimed under a lock, to be woken after it.
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

    /// The process in it, if it is one and alone.
    struct process* only_process() const noexcept;

    /// Will this thread wake it, once the user's code that it is in has returned?
    static bool holds_back(const runnable& r) noexcept;

    /// Wakes all in order. `here`: the host this thread is draining, or null.
    void release(host* here) noexcept;

    /// The same from a thread whose host is not at hand.
    void release() noexcept;

private:
    static void wake_before(sleeper& foreign, runnable* others) noexcept;

    runnable* first_ = nullptr;
    runnable* last_ = nullptr;
};

enum class outcome : std::uint8_t { pending, done, closed };

/// One wait in progress, and the node that stands in its source's queue while it is
/// parked. It lives in the awaiting frame: waiting allocates nothing.
///
/// Lifetime  destroyed only when not linked: who destroys a parked process withdraws first.
///   [linked]  written under the source's lock, false last: who reads false without it knows
///             that nobody looks at the node, and that the source may be gone. Hence only
///             withdraw() calls leave_queue().
class operation : pinned {
public:
    /// The lock that guards the source; null: a nil arm, never ready.
    virtual spin_lock* source() const noexcept = 0;

    /// Tries to happen now. Requires: the source's lock.
    virtual bool attempt_locked(wake_list&) noexcept = 0;

    /// Enters the source's queue. Requires: the source's lock, `who` set, not ready.
    virtual void enlist_locked() noexcept = 0;

    /// Leaves the queue. False: it is in none, since a waker has popped it or it never
    /// entered one; then the source is not touched [linked].
    bool withdraw() noexcept {
        return linked.load(std::memory_order_acquire) && leave_queue();
    }

    /// It has happened, but the budget is spent: it is delivered in a later turn, or never
    /// if the process is destroyed before; and so may be what it refers to.
    virtual void postpone() noexcept {}

    /// Delivers what happened, in the process that waited. May throw (a closed send).
    virtual void complete() {}

    /// Says what is waited for, after "waits": "to receive on `jobs`".
    virtual void describe(std::string& to) const = 0;

    /// Does this arm watch a done token, closed by now, that is in force for `process`?
    virtual bool stands_for(const struct process&) const noexcept { return false; }

    /// Can only a task wait in it?
    virtual bool needs_task() const noexcept { return false; }

    /// It has just happened: false if it could not at once happen again. Requires: the
    /// source's lock.
    virtual bool again_locked() const noexcept { return true; }

    /// Must something be done before it can happen again?
    virtual bool happens_once() const noexcept { return false; }

    operation* prev;  // in the queue, while linked; guarded by the source's lock
    operation* next;
    sleeper* who = nullptr;
    operation* sibling = nullptr;  // next arm of the same wait
    std::uint32_t index = 0;       // which arm
    atomic<bool> linked{false};    // [linked]
    bool exclusive =
        false;  // the only claimant: popping it is the claim; never of a nil arm
    bool standing = false;  // an arm of a selector, which may wait in it or not
    outcome result = outcome::pending;

protected:
    /// Leaves the queue; takes the lock. False: a waker was quicker. Requires: it was linked.
    virtual bool leave_queue() noexcept = 0;

    operation() = default;
    ~operation() {
        assert(!linked.load(std::memory_order_relaxed) &&
               "heddle: a wait destroyed while it is queued");
    }
};

/// Claims who waits in a selector, if somebody does; else tells it that `op` may happen.
HEDDLE_API bool claim_standing(operation& op) noexcept;

/// claim_for where the process has, or had, several threads: claims a task of a context that
/// this thread does not drain only once that is counted [homecoming].
HEDDLE_API bool claim_among_threads(operation& op) noexcept;

/// Claims who waits in `op`, and makes `op` the winner. Requires: the source's lock.
inline bool claim_for(operation& op) noexcept {
    if (!single_threaded())
        return claim_among_threads(op);
    bool won = op.exclusive || (op.standing ? claim_standing(op) : op.who->claim());
    if (won)
        op.who->winner = &op;
    return won;
}

/// How a wait in several operations chooses among those that can happen.
struct select_rule {
    bool by_priority;
    bool otherwise;  // its index is the number of the other arms
};

/// FIFO of operations, a ring that one pointer holds, guarded by the source's lock.
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
        op.linked.store(false, std::memory_order_release);  // [linked]
    }

    /// Pops the first operation whose sleeper can be claimed [claim]; who lost its claim
    /// to another arm or to its token is dropped on the way.
    operation* pop_claimed() noexcept {
        while (operation* op = first_) {
            take_out(*op);
            bool won = claim_for(*op);
            op->linked.store(false, std::memory_order_release);  // [linked]
            if (won)
                return op;
        }
        return nullptr;
    }

    void wake_all(wake_list& wakes, outcome result) noexcept {
        while (operation* op = pop_claimed()) {
            op->result = result;
            wakes.add(*op->who);
        }
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

/// Waits that hold nothing but a queue and its lock: the common leave_queue().
inline bool leave(wait_list& list, spin_lock& lock, operation& op) noexcept {
    guard g(lock);
    bool was = op.linked.load(std::memory_order_relaxed);
    if (was)
        list.erase(op);
    return was;
}

}  // namespace heddle::detail
