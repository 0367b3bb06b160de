// SPDX-License-Identifier: BSL-1.0
#include <heddle/channel.hpp>

#include "platform/comes_free.hpp"

#include <cassert>
#include <cstdint>
#include <limits>
#include <new>

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

bool channel_base::close() noexcept {
    wake_list wakes;
    {
        guard g(lock_);
        check_host();
        if (closed_)
            return false;
        closed_ = true;  // [final]
        auto lost = [this](operation& op) noexcept { pass_over(op); };
        // [receiver]: nothing is buffered. The values stay with the senders.
        receivers_.wake_all(wakes, outcome::closed, lost);
        senders_.wake_all(wakes, outcome::closed, lost);
    }
    wakes.release();
    return true;
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
    auto made = std::make_unique<std::string>(std::move(name));
    guard g(lock_);
    std::swap(name_, made);
}

void channel_base::describe(std::string& to) {
    if (!comes_free(lock_)) {
        to += "a channel that is busy";
        return;
    }
    guard g(lock_);
    to += name_ ? '`' + *name_ + '`' : "an unnamed channel";
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
