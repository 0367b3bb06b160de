// SPDX-License-Identifier: BSL-1.0
#include <heddle/broadcast.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

broadcast_core::broadcast_core(std::size_t capacity, bool holds_back)
    : holds_back_(holds_back) {
    if (capacity == 0)
        throw std::length_error("heddle: broadcast(0): it keeps values until its "
                                "subscribers get to them, so its capacity must be 1 or "
                                "more");
    try {
        ring_.resize(capacity);
    } catch (const std::exception&) {
        throw std::length_error("heddle: broadcast(" + std::to_string(capacity) +
                                "): this capacity does not fit into memory");
    }
}

void broadcast_core::subscribe(broadcast_place& place, std::size_t replay) noexcept {
    guard g(lock());
    place.next = end_ - std::min<std::uint64_t>(replay, end_ - first_);
    for (std::uint64_t n = place.next; n != end_; ++n)
        ++at(n).to_pass;  // [places]
    ++places_;
}

void broadcast_core::unsubscribe(broadcast_place& place) noexcept {
    wake_list wakes;
    {
        guard g(lock());
        skip_lost(place);
        for (; place.next != end_; ++place.next)
            --at(place.next).to_pass;  // [places]
        --places_;
        let_in_locked(wakes);
    }
    wakes.release();
}

void broadcast_core::skip_lost(broadcast_place& place) noexcept {
    if (place.next >= first_)
        return;
    place.lost += first_ - place.next;
    place.next = first_;
}

outcome broadcast_core::send_locked(pointer& value, wake_list& wakes) noexcept {
    if (closed_)
        return outcome::closed;
    pointer oldest;
    if (full()) {
        if (holds_back_ && at(first_).to_pass != 0)
            return outcome::pending;  // [full]
        oldest.swap(at(first_).value);
        ++first_;
    }
    std::uint64_t number = end_++;
    slot& s = at(number);
    s.value.swap(value);
    s.to_pass = places_;
    value.swap(oldest);
    waiters().pop_each([&](operation& op) noexcept {  // [waiting]
        auto& receive = static_cast<broadcast_receive&>(op);
        receive.value = s.value;
        if (receive.place().next == number) {  // not if it waits twice
            ++receive.place().next;
            --s.to_pass;
        }
        op.result = outcome::done;
        wakes.add(*op.who);
    });
    return outcome::done;
}

/// Lets sends in that wait, while there is room [full].
void broadcast_core::let_in_locked(wake_list& wakes) noexcept {
    while (!senders_.empty() && !(full() && at(first_).to_pass != 0))
        if (operation* op = senders_.pop_front_claimed()) {
            op->result = send_locked(static_cast<broadcast_send*>(op)->value(), wakes);
            wakes.add(*op->who);
        }
}

outcome broadcast_core::receive_locked(broadcast_place& place, pointer& to,
                                       wake_list& wakes) noexcept {
    skip_lost(place);
    if (place.next == end_)
        return closed_ ? outcome::closed : outcome::pending;
    slot& s = at(place.next++);
    to = s.value;
    --s.to_pass;
    let_in_locked(wakes);
    return outcome::done;
}

outcome broadcast_core::try_send(pointer& value) noexcept {
    wake_list wakes;
    outcome result;
    {
        guard g(lock());
        result = send_locked(value, wakes);
    }
    wakes.release();
    return result;
}

outcome broadcast_core::try_receive(broadcast_place& place, pointer& to) noexcept {
    wake_list wakes;
    outcome result;
    {
        guard g(lock());
        result = receive_locked(place, to, wakes);
    }
    wakes.release();
    return result;
}

bool broadcast_core::close() noexcept {
    wake_list wakes;
    {
        guard g(lock());
        if (closed_)
            return false;
        closed_ = true;
        waiters().wake_all(wakes, outcome::closed);  // [waiting]
        senders_.wake_all(wakes, outcome::closed);
    }
    wakes.release();
    return true;
}

std::size_t broadcast_core::unread(const broadcast_place& place) noexcept {
    guard g(lock());
    return static_cast<std::size_t>(end_ - std::max(place.next, first_));
}

broadcast_receive::~broadcast_receive() {
    if (value)
        count_undelivered();
}

void broadcast_send::take() {
    value_ = nullptr;  // what made room dies here, outside the lock
    if (result == outcome::closed)
        throw_send_on_closed_broadcast();
}

void throw_send_on_closed_broadcast() {
    throw channel_closed("heddle: send on a closed broadcast");
}

void throw_close_of_closed_broadcast() {
    throw channel_closed("heddle: close of a closed broadcast");
}

void throw_subscription_moved() {
    throw std::logic_error("heddle: a subscription that was moved from receives "
                           "nothing");
}

}  // namespace heddle::detail
