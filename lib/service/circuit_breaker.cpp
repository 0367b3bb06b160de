// SPDX-License-Identifier: BSL-1.0
#include <heddle/resilience/circuit_breaker.hpp>

#include <string>

namespace heddle HEDDLE_VARIANT::detail {

breaker_state::breaker_state(breaker_options options) : options_(std::move(options)) {
    const char* wrong = nullptr;
    if (options_.failures == 0)
        wrong = "failures must be 1 or more";
    else if (options_.probes == 0)
        wrong = "probes must be 1 or more";
    else if (options_.open_for < duration::zero())
        wrong = "open_for must not be negative";
    if (wrong)
        throw std::invalid_argument(std::string("heddle: breaker_options: ") + wrong);
}

void breaker_state::enter_locked(state s) noexcept {
    state_ = s;
    ++number_;
    failures_ = probing_ = succeeded_ = 0;
}

std::size_t breaker_state::begin() {
    time_point at = now();
    guard g(lock_);
    if (state_ == state::open && at >= reopens_)
        enter_locked(state::half_open);
    if (state_ == state::open)
        throw circuit_open("heddle: circuit_breaker: what is called has failed " +
                           std::to_string(options_.failures) +
                           " times, and is left alone for a while");
    if (state_ == state::half_open) {
        if (probing_ + succeeded_ >= options_.probes)
            throw circuit_open(
                "heddle: circuit_breaker: other calls are trying whether "
                "what has failed works again");
        ++probing_;
    }
    return number_;
}

void breaker_state::succeeded(std::size_t in) noexcept {
    guard g(lock_);
    if (in != number_)
        return;
    failures_ = 0;
    if (state_ == state::half_open) {
        --probing_;
        if (++succeeded_ == options_.probes)
            enter_locked(state::closed);
    }
}

void breaker_state::failed(std::size_t in) noexcept {
    time_point at = now();
    guard g(lock_);
    if (in != number_ || (state_ == state::closed && ++failures_ < options_.failures))
        return;
    enter_locked(state::open);
    bool for_ever = options_.open_for > time_point::max() - at;
    reopens_ = for_ever ? time_point::max() : at + options_.open_for;
}

void breaker_state::neither(std::size_t in) noexcept {
    guard g(lock_);
    if (in == number_ && state_ == state::half_open)
        --probing_;
}

bool breaker_state::open() noexcept {
    time_point at = now();
    guard g(lock_);
    return state_ == state::open && at < reopens_;
}

}  // namespace heddle::detail
