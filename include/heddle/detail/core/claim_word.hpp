// SPDX-License-Identifier: BSL-1.0
// The states of a wait, and the transitions between them.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

/// Where the wait of a sleeper stands. The threads that may end a wait meet in this
/// word: one lets an operation happen, one completes an Asio operation, one closes the
/// token in force.
///
///     state       the transitions out of it
///     running     park(): parked. begin_io(): starting.
///     parked      claim(), interrupt(): running.
///     starting    begun(): in flight, or cancelling. complete(): completed.
///     in flight   complete(): running. interrupt(): cancelling.
///     cancelling  emitted(): in flight. complete(): completed.
///     completed   begun() or emitted(), which is still to come: running.
///
/// An Asio operation is starting while it is initiated, and cancelling from when its
/// cancellation is certain until that has been emitted. Beside each state the word may
/// say *cancelled*: the token in force has closed. interrupt() says so, renew() ends it;
/// while it does, no sleeper parks.
///
/// A transition has the order acq_rel: the thread that makes the next one sees what the
/// thread that made this one did before. One that fails changes nothing, and has the
/// order acquire, as the questions have. Other orders are named.
class claim_word {
public:
    // -- a wait in operations of this library

    /// Returns false if the word says cancelled. Another thread may run the sleeper as
    /// soon as it is parked.
    bool park() noexcept { return exchange(0, waiting); }

    /// Does the same for a sleeper that has no token. release: pairs with claim().
    void park_without_token() noexcept {
        bits_.store(waiting, std::memory_order_release);
    }

    /// Returns true once for each park(), to the thread that has to wake the sleeper.
    bool claim() noexcept { return exchange(waiting, 0); }

    // -- a wait in an Asio operation

    void begin_io() noexcept {
        add(bits_, in_io | starting, std::memory_order_acq_rel);
    }

    /// The initiation is over. cancelling: the caller emits the cancellation.
    /// completed: the caller lets the task go on.
    enum class initiated : std::uint8_t { in_flight, cancelling, completed };
    initiated begun() noexcept {
        auto [before, after] = change([](bits old) {
            if (old & completed)
                return old & cancelled;
            return (old & ~starting) | (old & cancelled ? cancelling : 0);
        });
        return before & completed   ? initiated::completed
               : after & cancelling ? initiated::cancelling
                                    : initiated::in_flight;
    }

    /// The operation has completed. Returns true if the caller lets the task go on; else
    /// the thread that calls begun() or emitted() does.
    bool complete() noexcept {
        auto [before, after] = change([](bits old) {
            return old & (starting | cancelling) ? old | completed : old & cancelled;
        });
        return !(after & completed);
    }

    /// The emission is over. Returns true if the caller lets the task go on.
    bool emitted() noexcept {
        auto [before, after] = change([](bits old) {
            return old & completed ? old & cancelled : old & ~cancelling;
        });
        return before & completed;
    }

    /// The usual cases of begun() and complete(): no other thread interferes, and the
    /// word does not say cancelled. In all other cases they fail.
    bool begun_alone() noexcept { return exchange(in_io | starting, in_io); }
    bool complete_alone() noexcept { return exchange(in_io, 0); }

    // -- the token in force

    /// The token has closed: the word says cancelled. claimed: the sleeper was parked,
    /// and the caller wakes it. cancelling: the caller lets the cancellation of the
    /// operation be emitted. noted: the sleeper will see for itself, or has.
    enum class interrupted : std::uint8_t { noted, claimed, cancelling };
    interrupted interrupt() noexcept {
        auto [before, after] = change([](bits old) {
            if (old & cancelled)
                return old;
            bool in_flight = (old & (in_io | starting)) == in_io;
            return (old & ~waiting) | cancelled | (in_flight ? cancelling : 0);
        });
        return before & waiting                 ? interrupted::claimed
               : (after & ~before) & cancelling ? interrupted::cancelling
                                                : interrupted::noted;
    }

    /// Any state: running, cancelled or not. Only the holder of a process calls this.
    /// relaxed: what hands the process over orders it.
    void renew(bool says_cancelled = false) noexcept {
        bits_.store(says_cancelled ? cancelled : 0, std::memory_order_relaxed);
    }

    // -- questions

    bool is_parked() const noexcept { return load() & waiting; }
    /// Returns whether it is in one of the last four states.
    bool is_in_io() const noexcept { return load() & in_io; }
    bool is_cancelling() const noexcept { return load() & cancelling; }
    bool has_completed() const noexcept { return load() & completed; }

private:
    using bits = std::uint32_t;
    static constexpr bits waiting = 1;
    static constexpr bits in_io = 2;
    static constexpr bits starting = 4;
    static constexpr bits cancelling = 8;
    static constexpr bits completed = 16;  // beside starting or cancelling
    static constexpr bits cancelled = 32;

    bits load() const noexcept { return bits_.load(std::memory_order_acquire); }

    bool exchange(bits from, bits to) noexcept { return exchange_if(bits_, from, to); }

    struct change_made {
        bits before, after;
    };
    template <class Next>
    change_made change(Next next) noexcept {
        bits old = load(), now;
        do
            now = next(old);
        while (!exchange_if(bits_, old, now));
        return {old, now};
    }

    atomic<bits> bits_{0};
};

}  // namespace heddle::detail
