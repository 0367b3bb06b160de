// SPDX-License-Identifier: BSL-1.0
#include <heddle/time.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT {

void detail::throw_not_a_number() {
    throw std::invalid_argument(
        "heddle: a duration that is not a number (NaN): how was it calculated? "
        "duration::max() stands for one that never ends");
}

time_point now() noexcept {
    detail::host* h = detail::host::current();
    return h ? h->now() : time_point(std::chrono::steady_clock::now());
}

ticker::ticker(duration period, time_point start) : period_(period), start_(start) {
    if (period <= duration::zero())
        throw std::invalid_argument("heddle: ticker(" + std::to_string(period.count()) +
                                    "ns): the period must be positive");
}

timer ticker::next() const noexcept {
    auto behind = (now() - start_) / period_;  // ticks that have passed
    auto limit = (time_point::max() - start_) / period_;
    return timer(behind < limit ? start_ + (behind + 1) * period_ : time_point::max());
}

void detail::timer_operation::describe(std::string& to) const {
    to += timer_.deadline_ == time_point::max() ? "for a timer that never fires"
                                                : "for a timer";
}

namespace detail {

/// All causes of deadlines are one object, so the token outside is asked, too. It is closed
/// before the one inside, which is below it.
void limited_scope::rethrow_unless_late(const cancelled& c) const {
    done_token own = limit_.token();
    if (!own.closed() || c.cause() != own.cause())
        throw;
    const done_node* outer = scope_->outer();
    if (outer && outer->closed())
        throw cancelled(outer->cause(), c.thrown_in());
}

wait_failure limited_scope::seen_outside(wait_failure f) const noexcept {
    if (!f.exception || !limit_.token().closed())
        return f;
    try {
        try {
            std::rethrow_exception(f.exception);
        } catch (const cancelled& c) {
            rethrow_unless_late(c);
            throw_timed_out();
        }
    } catch (const timed_out&) {
        return {std::current_exception(), asio::error::timed_out};
    } catch (...) {
        return {std::current_exception(), {}};
    }
}

void limited_scope::throw_timed_out() const {
    process& self = scope_->self();
    std::string who;
    try {
        who = "task " + std::to_string(self.id);
        self.describe(who);
    } catch (const std::bad_alloc&) {  // then the name is left out
    }
    throw timed_out(d_, who.c_str());
}

}  // namespace detail

}  // namespace heddle
