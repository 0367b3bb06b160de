// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/time.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// So many in so long a time, and so many at once.
struct rate {
    HEDDLE_API rate(std::size_t n, duration per, std::size_t burst);
    duration interval;  // from one to the next
    std::size_t burst;
};

/// The theoretical arrival time of GCRA: when the next would come if all came evenly.
class HEDDLE_API rate_state : pinned {
public:
    /// Where `n` stand in the sequence of arrivals: they may go on at `start`.
    struct place {
        time_point start, before, after;
    };
    place reserve(const rate& r, std::size_t n);
    bool try_reserve(const rate& r, std::size_t n);

    /// Takes a place back, unless others stand behind it.
    void take_back(const place& p) noexcept;

    bool idle(time_point now) noexcept {
        guard g(lock_);
        return arrival_ <= now;
    }

private:
    spin_lock lock_;
    time_point arrival_ = time_point::min();  // guarded by lock_
};

}  // namespace detail

/// The turn of a caller of a rate_limiter: a moment to wait for, as a timer. Destroyed
/// before it came, it is given back.
class [[nodiscard("heddle: co_await this turn, or make it an arm: before that nobody "
                  "waits")]] HEDDLE_API rate_turn : public timer {
public:
    rate_turn(rate_turn&&) noexcept = default;
    rate_turn& operator=(rate_turn&&) = delete;
    ~rate_turn() {
        if (state_ && !happened())
            state_->take_back(place_);
    }

    // -- for the library ------------------------------------------------------------
    rate_turn(std::shared_ptr<detail::rate_state> state,
              detail::rate_state::place place) noexcept
        : timer(place.start), state_(std::move(state)), place_(place) {}

private:
    std::shared_ptr<detail::rate_state> state_;
    detail::rate_state::place place_;
};

/// A rate_limiter lets its callers go on at a rate, evenly, after a burst at most.
///
///     heddle::rate_limiter limit(100, 1s);         // one each 10 ms
///     heddle::rate_limiter limit(100, 1s, 20);     // and up to 20 at once after a pause
///     co_await limit.acquire();
///     if (!limit.try_acquire()) co_return too_many_requests();
///
/// In no time are there more than the rate and one burst. The generic cell rate
/// algorithm (ITU-T I.371) keeps one point of time, so a limiter has no task and no
/// timer of its own.
///
/// Threads   every member may be called from any thread.
/// Resumes   callers in order of acquire(), at their time on the clock of their host,
///           in virtual time exactly. Every operation is O(1), and for a key O(1) on
///           average.
/// Cancel    an acquire() that is cancelled, or loses its select, gives its turn back:
///           at once if nobody stands behind it, else the turn passes unused.
/// Lifetime  a turn need not be outlived by its limiter.
/// Errors    a number, or a burst, of 0, and a time of zero or less, or so short that
///           there would be more than one in a nanosecond: std::invalid_argument. So is
///           an acquire of 0, or of more than a burst, which could never go on.
class HEDDLE_API rate_limiter {
public:
    /// A copy is the same limiter. A move copies, so a limiter is never empty.
    rate_limiter(const rate_limiter&) noexcept = default;
    rate_limiter& operator=(const rate_limiter&) noexcept = default;

    template <class Rep, class Period>
    rate_limiter(std::size_t n, std::chrono::duration<Rep, Period> per,
                 std::size_t burst = 1)
        : rate_(n, detail::nanoseconds(per), burst),
          state_(std::make_shared<detail::rate_state>()) {}

    /// Waits for the turn of `n` at once. It is an arm. The turn is taken now, so await
    /// it, or select it, in the expression that makes it.
    rate_turn acquire(std::size_t n = 1) {
        auto place = state_->reserve(rate_, n);
        return {state_, place};
    }

    /// Never waits. Returns whether `n` may go on now; otherwise nothing has changed.
    [[nodiscard]] bool try_acquire(std::size_t n = 1) {
        return state_->try_reserve(rate_, n);
    }

private:
    detail::rate rate_;
    std::shared_ptr<detail::rate_state> state_;
};

/// A rate_limiter for each key, as a client's address. A key that has paused for so
/// long that it is as new takes no memory: such keys are dropped when their number has
/// doubled.
///
/// Threads   one at a time. All else is as of rate_limiter; std::bad_alloc for a new
///           key.
template <class Key, class Hash = std::hash<Key>>
class keyed_rate_limiter {
public:
    template <class Rep, class Period>
    keyed_rate_limiter(std::size_t n, std::chrono::duration<Rep, Period> per,
                       std::size_t burst = 1)
        : rate_(n, detail::nanoseconds(per), burst) {}

    rate_turn acquire(const Key& key, std::size_t n = 1) {
        auto state = state_of(key);
        auto place = state->reserve(rate_, n);
        return {std::move(state), place};
    }
    [[nodiscard]] bool try_acquire(const Key& key, std::size_t n = 1) {
        return state_of(key)->try_reserve(rate_, n);
    }

    /// How many keys take memory.
    std::size_t size() const noexcept { return states_.size(); }

private:
    std::shared_ptr<detail::rate_state> state_of(const Key& key) {
        auto found = states_.find(key);
        if (found != states_.end())
            return found->second;
        if (states_.size() >= sweep_at_) {
            time_point at = now();
            std::erase_if(states_, [at](auto& s) { return s.second->idle(at); });
            sweep_at_ = 2 * states_.size() + 16;
        }
        return states_.emplace(key, std::make_shared<detail::rate_state>())
            .first->second;
    }

    detail::rate rate_;
    std::unordered_map<Key, std::shared_ptr<detail::rate_state>, Hash> states_;
    std::size_t sweep_at_ = 16;
};

}  // namespace heddle
