// SPDX-License-Identifier: BSL-1.0
#include "testing/interleavings.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

constexpr std::uint32_t bit(std::size_t thread) noexcept {
    return std::uint32_t{1} << thread;
}

void join(auto& to, const auto& from) noexcept {
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = std::max(to[i], from[i]);
}

}  // namespace

// -- dependence of steps ------------------------------------------------------------

bool interleavings::depend(const touch& a, const touch& b) noexcept {
    if (a.object != b.object || a.how == access::nothing || b.how == access::nothing)
        return false;
    return a.how != b.how || (a.how != access::read && a.how != access::unlock);
}

/// Returns whether the second could have been done first. A lock that is taken cannot
/// be taken again.
bool interleavings::can_swap(const touch& before, const touch& after) noexcept {
    return !(before.how == access::unlock && after.how == access::lock) &&
           !(before.how == access::lock && after.how == access::unlock);
}

bool interleavings::depend(const std::vector<touch>& a,
                           const std::vector<touch>& b) noexcept {
    return std::any_of(a.begin(), a.end(), [&](auto& x) {
        return std::any_of(b.begin(), b.end(), [&](auto& y) { return depend(x, y); });
    });
}

// -- a run --------------------------------------------------------------------------

void interleavings::begin() noexcept {
    at_ = 0;
    clocks_ = {};
}

bool interleavings::preempts(const node& n, std::size_t thread) const noexcept {
    return n.before != none && thread != n.before && (n.enabled & bit(n.before));
}

bool interleavings::affords(const node& n, std::size_t thread) const noexcept {
    return n.preemptions + preempts(n, thread) <= options_.preemptions;
}

/// Returns the thread of the step before, if it can go on; otherwise the first that
/// can.
std::uint32_t interleavings::cheap_first(const node& n) const noexcept {
    std::uint32_t awake = n.enabled & ~n.asleep;
    if (n.before != none && (awake & bit(n.before)))
        return static_cast<std::uint32_t>(n.before);
    return static_cast<std::uint32_t>(std::countr_zero(awake));
}

interleavings::node interleavings::make_node(std::uint32_t enabled) const {
    node n{};
    n.enabled = enabled;
    n.before = none;
    if (at_ > 0) {
        auto& last = path_[at_ - 1];
        n.before = last.thread;
        n.preemptions = last.preemptions + preempts(last, last.thread);
        inherit_sleep(n);
    }
    return n;
}

/// A thread that was asleep before the last step, or whose step was done in its place,
/// is asleep after it, unless the two steps depend on each other.
void interleavings::inherit_sleep(node& n) const {
    auto& last = path_[at_ - 1];
    if (!options_.reduce || options_.preemptions != none)
        return;  // that order may have been left out, as too expensive
    for (auto left = (last.asleep | last.done) & ~bit(last.thread); left;
         left &= left - 1) {
        auto t = static_cast<std::size_t>(std::countr_zero(left));
        if (!depend(last.known[t], last.touches)) {
            n.asleep |= bit(t);
            n.known[t] = last.known[t];
        }
    }
}

std::size_t interleavings::pick(std::uint32_t enabled,
                                const std::array<touch, max_threads>& next) {
    choices_ = 0;
    if (at_ == path_.size()) {
        node n = make_node(enabled);
        if (!(enabled & ~n.asleep))
            return none;
        n.thread = cheap_first(n);
        n.wanted = options_.reduce ? bit(n.thread) : enabled;
        path_.push_back(std::move(n));
    }
    std::size_t index = at_++;
    auto& n = path_[index];
    changed_ |=
        n.enabled != enabled || (index < fresh_ && n.touches.front() != next[n.thread]);
    if (index >= fresh_)
        enter_step(index, next[n.thread]);
    clocks_[n.thread] = n.after;
    return n.thread;
}

void interleavings::enter_step(std::size_t index, touch t) {
    auto& n = path_[index];
    n.after = clocks_[n.thread];
    ++n.after[n.thread];
    n.touches.push_back(t);
    look_for_races(index, t);
}

void interleavings::also(touch t) {
    if (at_ == 0 || at_ <= fresh_)
        return;  // known from the run before
    auto& n = path_[at_ - 1];
    n.touches.push_back(t);
    look_for_races(at_ - 1, t);
    clocks_[n.thread] = n.after;
}

void interleavings::barrier() noexcept {
    clock all{};
    for (auto& c : clocks_)
        join(all, c);
    clocks_.fill(all);
}

/// Looks for the races of a touch. Steps of other threads on which it depends happened
/// before it. If one of them did so for no other reason, the two could have changed
/// places: that is a race, and the other order is to be run.
void interleavings::look_for_races(std::size_t index, const touch& t) {
    auto& n = path_[index];
    clock known = clocks_[n.thread];
    for (std::size_t i = index; i-- > 0;) {
        auto& before = path_[i];
        if (before.thread == n.thread)
            continue;
        bool depends = false, swaps = false;
        for (auto& b : before.touches)
            if (depend(b, t)) {
                depends = true;
                swaps |= can_swap(b, t);
            }
        if (swaps && !knows(known, before)) {
            if (options_.reduce)
                race(i, index, t);
            if (!t.may_wait || t.how == access::lock)
                join(known, before.after);
        }
        if (depends)
            join(n.after, before.after);
    }
}

/// Two steps race: there is an order that has the second without the first before it.
/// It can begin with the next step of any thread of `initials`, which does not depend
/// on the first of the two; one of them becomes wanted there.
void interleavings::race(std::size_t first, std::size_t second, const touch& t) {
    auto& n = path_[first];
    std::size_t racer = path_[second].thread;
    std::uint32_t seen = 0, initials = 0;
    std::vector<std::size_t> others;
    auto consider = [&](std::size_t k, const clock& c) {
        std::size_t thread = path_[k].thread;
        if (!(seen & bit(thread)) &&
            std::none_of(others.begin(), others.end(),
                         [&](auto w) { return knows(c, path_[w]); }))
            initials |= bit(thread);
        seen |= bit(thread);
        others.push_back(k);
    };
    for (std::size_t k = first + 1; k < second; ++k)
        if (!knows(path_[k].after, n))
            consider(k, path_[k].after);
    bool itself = !(seen & bit(racer));
    consider(second, path_[second].after);
    if (itself && t.may_wait && !(n.enabled & bit(racer)))
        initials &= ~bit(racer);  // it had to wait for the first
    if (options_.preemptions == none)
        return want(first, initials, racer);
    // With a bound, an earlier switch may cost fewer preemptions: at any step since the
    // first thread was switched to. At that step another thread may already wait for a
    // lock, say, and then the switch costs none.
    for (std::size_t k = first + 1; k-- > 0 && path_[k].thread == n.thread;) {
        auto enabled = path_[k].enabled;
        want(k, enabled & bit(racer) ? bit(racer) : enabled, racer);
    }
}

void interleavings::want(std::size_t index, std::uint32_t threads,
                         std::size_t preferred) {
    auto& n = path_[index];
    threads &= n.enabled;
    if (options_.preemptions != none) {
        n.wanted |= threads;
        return;
    }
    if (!threads || (threads & (n.wanted | n.done | n.asleep)))
        return;
    n.wanted |= threads & bit(preferred) ? bit(preferred) : threads & (~threads + 1);
}

std::uint32_t interleavings::choose(std::uint32_t n) noexcept {
    if (at_ == 0)
        return 0;
    auto& made = path_[at_ - 1].choices;
    if (choices_ == made.size())
        made.push_back({0, n});
    auto& c = made[choices_++];
    changed_ |= c.taken >= n;
    c.among = std::min(c.among, n);
    return std::min(c.taken, n - 1);
}

void interleavings::was_moot() noexcept {
    if (at_ == 0 || choices_ == 0)
        return;
    auto& c = path_[at_ - 1].choices[choices_ - 1];
    c.among = c.taken + 1;
}

bool interleavings::next_run() {
    path_.resize(at_);
    for (; !path_.empty(); path_.pop_back()) {
        auto& n = path_.back();
        fresh_ = path_.size() - 1;
        auto& known = n.known[n.thread];
        known.insert(known.end(), n.touches.begin(), n.touches.end());
        n.touches.clear();
        while (!n.choices.empty() &&
               n.choices.back().taken + 1 >= n.choices.back().among)
            n.choices.pop_back();
        if (!n.choices.empty()) {
            ++n.choices.back().taken;
            return true;
        }
        n.done |= bit(n.thread);
        for (auto left = n.wanted & n.enabled & ~n.done & ~n.asleep; left;
             left &= left - 1) {
            auto t = static_cast<std::size_t>(std::countr_zero(left));
            if (affords(n, t)) {
                n.thread = t;
                return true;
            }
        }
    }
    return false;
}

// -- text ---------------------------------------------------------------------------

/// "0x12.1x3.c1": twelve steps of thread 0, three of thread 1, a choice of 1.
std::string to_text(const std::vector<decision>& all) {
    std::string text;
    for (std::size_t i = 0, end; i < all.size(); i = end) {
        end = i + 1;
        while (end < all.size() && !all[i].is_choice && !all[end].is_choice &&
               all[end].number == all[i].number)
            ++end;
        text += (text.empty() ? "" : ".") + std::string(all[i].is_choice ? "c" : "") +
                std::to_string(all[i].number);
        if (end - i > 1)
            text += "x" + std::to_string(end - i);
    }
    return text;
}

std::vector<decision> parse_schedule(const std::string& text) {
    auto fail = [&] {
        throw std::invalid_argument("heddle: HEDDLE_SCHEDULE: " + text +
                                    " is not a schedule of threads");
    };
    std::vector<decision> all;
    const char* p = text.data();
    const char* end = p + text.size();
    auto number = [&] {
        std::uint32_t n = 0;
        auto [stop, error] = std::from_chars(p, end, n);
        if (error != std::errc() || n > 1000000)
            fail();
        p = stop;
        return n;
    };
    while (p != end) {
        bool choice = *p == 'c';
        p += choice;
        decision d{choice, number()};
        std::uint32_t times = 1;
        if (p != end && *p == 'x')
            ++p, times = number();
        all.insert(all.end(), times, d);
        if (p != end && *p++ != '.')
            fail();
    }
    return all;
}

}  // namespace heddle::detail
