// SPDX-License-Identifier: BSL-1.0
#include <heddle/channel.hpp>
#include <heddle/oneshot.hpp>

#include "platform/comes_free.hpp"

#include <cassert>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

channel_base::~channel_base() = default;

void* channel_base::allocate(std::size_t core, std::size_t capacity,
                             std::size_t element) {
    if (capacity > (std::numeric_limits<std::ptrdiff_t>::max() - core) / element)
        throw_capacity();
    std::size_t bytes = core + capacity * element;
    if (capacity == 0)
        return allocate_frame(bytes);
    try {
        return allocate_frame(bytes);
    } catch (const std::bad_alloc&) {
        throw_capacity();
    }
}

void channel_base::check_same_host() noexcept {
    const void* here = host::current();
    if (!here)
        return;  // outside every host: handles may be made and dropped there
    if (!only_host_)
        only_host_ = here;
    assert(here == only_host_ &&
           "heddle: a same_host channel is used by a second host");
}

bool channel_base::close() noexcept { return close_because(nullptr, nullptr); }

bool channel_base::close(std::exception_ptr cause) {
    auto made = std::make_unique<channel_rules>();
    return close_because(std::move(cause), std::move(made));
}

bool channel_base::close_because(std::exception_ptr cause,
                                 std::unique_ptr<channel_rules> made) noexcept {
    wake_list wakes;
    {
        guard g(lock_);
        check_host();
        if (closed_locked())
            return false;
        if (cause) {
            keep_rules(made);
            rules_->cause = std::move(cause);
        }
        close_locked(wakes);
    }
    wakes.release();
    return true;
}

void channel_base::close_locked(wake_list& wakes) noexcept {
    state_ |= is_closed;  // [final]
    auto lost = [this](operation& op) noexcept { pass_over(op); };
    // [receiver]: nothing is buffered. The values stay with the senders.
    receivers_.wake_all(wakes, outcome::closed, lost);
    senders_.wake_all(wakes, outcome::closed, lost);
}

std::exception_ptr channel_base::cause() noexcept {
    guard g(lock_);
    return rules_ ? rules_->cause : nullptr;
}

std::uint64_t channel_base::dropped() noexcept {
    guard g(lock_);
    return rules_ ? rules_->dropped : 0;
}

std::size_t channel_base::weight() noexcept {
    guard g(lock_);
    return rules_ ? rules_->weight : 0;
}

/// Keeps the first rules that were made [rules].
void channel_base::keep_rules(std::unique_ptr<channel_rules>& made) noexcept {
    if (!rules_)
        rules_ = std::move(made);
}

void channel_base::set_rules(std::unique_ptr<channel_rules> rules) noexcept {
    rules_ = std::move(rules);
    state_ |= is_special;
}

void channel_base::allow_permits() {
    if (capacity_ == 0)
        throw std::logic_error("heddle: reserve() on an unbuffered channel: it has no "
                               "room that could be kept for a later send");
    {
        guard g(lock_);
        if (special_locked())
            return;
    }
    auto made = std::make_unique<channel_rules>();
    guard g(lock_);
    keep_rules(made);
    state_ |= is_special;
}

bool channel_base::withdraw(operation& op, wait_list& list) noexcept {
    bool was, last;
    {
        guard g(lock_);
        was = op.linked.load(std::memory_order_relaxed);
        if (was)
            (lost_.front() == &op ? lost_ : list).erase(op);  // the others know no list
        last = was && orphan_ && !waited_in();
    }
    if (last)
        dispose();  // [orphan]
    return was;
}

/// Keeps the operation linked [lost]. With one thread in the process no thread is about to
/// withdraw it.
void channel_base::keep_linked(operation& op) noexcept {
    if (single_threaded())
        wait_list::unlink(op);
    else
        lost_.push_back(op);
}

void channel_base::last_handle_gone() noexcept {
    {
        guard g(lock_);
        orphan_ = waited_in();
        if (orphan_)
            return;
    }
    dispose();
}

void channel_base::name(std::string name) {
    auto made = std::make_unique<channel_rules>();
    std::optional<std::string> named(std::move(name));
    guard g(lock_);
    keep_rules(made);
    std::swap(rules_->name, named);
}

void channel_base::describe(std::string& to) {
    if (!comes_free(lock_)) {
        to += "a channel that is busy";
        return;
    }
    guard g(lock_);
    to += rules_ && rules_->name ? '`' + *rules_->name + '`' : "an unnamed channel";
}

void channel_base::describe_receive(std::string& to) {
    describe(to);
    if (handles_.load(std::memory_order_relaxed) >> 32 == 0)
        to += ": no task holds a sender";
}

void throw_send_on_closed(channel_base& c) {
    std::string what = "heddle: send on a closed channel: ";
    c.describe(what);
    throw channel_closed(what);
}

wait_failure send_on_closed(channel_base& c) noexcept {
    try {
        std::string what = "heddle: send on a closed channel: ";
        c.describe(what);
        return {std::make_exception_ptr(channel_closed(what)), errc::closed};
    } catch (...) {
        return {std::current_exception(), {}};
    }
}

void throw_close_of_closed(channel_base* c) {
    if (!c)
        throw channel_closed("heddle: close of a nil channel: this handle was moved "
                             "from, or made without a channel");
    std::string what = "heddle: close of a closed channel: ";
    c->describe(what);
    throw channel_closed(what);
}

void throw_capacity() {
    throw std::length_error("heddle: a channel of this capacity cannot be had: it must "
                            "be 0 or more, and its values must fit into memory");
}

void throw_empty_permit() {
    throw std::logic_error(
        "heddle: send by an empty permit: it was used, moved from, or "
        "never reserved");
}

void throw_no_value(std::exception_ptr cause, bool taken) {
    if (taken)
        throw already_joined("heddle: a second get() of a future: it gave its value "
                             "before");
    if (cause)
        std::rethrow_exception(std::move(cause));
    throw broken_promise(
        "heddle: the promise of this future is gone, and gave nothing");
}

void throw_receive_none() {
    throw std::invalid_argument(
        "heddle: receive_many(to, 0): the number of values must "
        "be 1 or more");
}

std::unique_ptr<channel_rules> rules_for(overflow when_full, bool unbuffered) {
    if (unbuffered && when_full == overflow::drop_oldest)
        throw std::length_error("heddle: a channel that drops its oldest value needs a "
                                "capacity of 1 or more");
    auto rules = std::make_unique<channel_rules>();
    rules->overflow = when_full;
    return rules;
}

std::unique_ptr<channel_rules> rules_for(std::size_t limit,
                                         std::size_t (*weigh)(const void*) noexcept) {
    if (limit == 0)
        throw std::length_error("heddle: a weight_limit of 0 would let no value in: it "
                                "must be 1 or more");
    auto rules = std::make_unique<channel_rules>();
    rules->weight_limit = limit;
    rules->weigh = weigh;
    return rules;
}

namespace {

atomic<std::uint64_t> undelivered_values{0};

}  // namespace

void count_undelivered() noexcept {
    add<std::uint64_t>(undelivered_values, 1, std::memory_order_relaxed);
}

std::uint64_t undelivered() noexcept {
    return undelivered_values.load(std::memory_order_relaxed);
}

}  // namespace heddle::detail
