// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/channel_ends.hpp>
#include <heddle/detail/wait/channel_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

HEDDLE_API std::unique_ptr<channel_rules> rules_for(overflow when_full,
                                                    bool unbuffered);
HEDDLE_API std::unique_ptr<channel_rules>
rules_for(std::size_t limit, std::size_t (*weigh)(const void*) noexcept);

}  // namespace detail

/// Promises that a channel is used by one serial host only.
struct same_host_t {
    explicit same_host_t() = default;
};
inline constexpr same_host_t same_host{};

/// One end, or both: a counted pointer to the core.
template <class T, std::uint64_t Kind>
class channel_handle {
public:
    channel_handle(const channel_handle& o) noexcept : channel_handle(o.core_) {}
    channel_handle(channel_handle&& o) noexcept
        : core_(std::exchange(o.core_, nullptr)) {}
    channel_handle& operator=(channel_handle o) noexcept {
        std::swap(core_, o.core_);
        return *this;
    }
    ~channel_handle() {
        if (core_)
            core_->drop(Kind);
    }

    /// Whether it was closed. Values may still wait in the buffer.
    bool closed() const noexcept { return core_ && core_->closed(); }
    /// The number of buffered values; 0 for nil.
    std::size_t size() const noexcept { return core_ ? core_->size() : 0; }
    /// How many can be buffered; 0 for nil.
    std::size_t capacity() const noexcept { return core_ ? core_->capacity() : 0; }
    /// How many values were dropped so far because the buffer was full; 0 for nil, and
    /// for a channel whose sends wait.
    std::uint64_t dropped() const noexcept { return core_ ? core_->dropped() : 0; }
    /// What the buffered values weigh together, if the channel has a weight_limit.
    std::size_t weight() const noexcept { return core_ ? core_->weight() : 0; }
    /// Names the channel for dumps and error messages; nothing for nil.
    void name(std::string name) const {
        if (core_)
            core_->name(std::move(name));
    }

    /// Prints which channel it is, never what is in it: channel@0x5581f0c0a2b0, or
    /// channel@nil. Every handle of a channel prints the same.
    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>&
    operator<<(std::basic_ostream<Char, Traits>& to, const channel_handle& c) {
        to << "channel@";
        return c.core_ ? to << static_cast<const void*>(c.core_) : to << "nil";
    }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::channel;
    detail::channel_core<T>* core() const noexcept { return core_; }

protected:
    struct adopt {};
    channel_handle(adopt, detail::channel_core<T>* core) noexcept : core_(core) {}
    explicit channel_handle(detail::channel_core<T>* core) noexcept : core_(core) {
        if (core_)
            core_->take(Kind);
    }

    detail::channel_core<T>* core_;
};

/// A channel carries values of type T from tasks that send to tasks that receive. A
/// handle is cheap; a copy is the same channel.
///
///     heddle::channel<int> c;        // unbuffered: a send waits for its receiver
///     heddle::channel<int> c(64);    // buffered: a send waits only if 64 values do
///     heddle::channel<int> c(64, heddle::same_host);   // no locks: see there
///     co_await c.send(1);
///     while (auto v = co_await c.receive()) use(*v);
///     c.close();
///
/// Each value sent is received once: the value of a cancelled, losing or refused send
/// is still its owner's, and a cancelled or losing receive has taken nothing. A value
/// whose receiver was destroyed in between is destroyed once. Values arrive in the
/// order of the sends. The move of a T, and the destruction of a moved-from T, are the
/// only code of yours that runs under the channel's lock; it must not call heddle.
///
/// A value moves twice from hand to hand, and once more through the buffer: into the
/// wait of its receiver, and from there to the receiver's destination, by construction
/// or assignment. A try_receive into an empty optional takes it at once. A send that
/// copies or builds its value builds it in place; as an arm that moves once more, and
/// three times more by async_send.
///
/// Threads   every member may be called from any thread; one handle object from one
///           thread at a time, as a shared_ptr.
/// Resumes   waiters in order of arrival, each on its own host, never inside the call
///           that woke them. Every operation is O(1), leaving a queue too.
/// Closing   see close(). Dropping handles closes nothing.
/// Cancel    a cancelled wait leaves the channel as if it had never been there.
/// Lifetime  the channel lives while a handle does, and the handle a wait was made from
///           must outlive the wait. A moved-from handle is nil.
/// Errors    channel_closed as said; a capacity that cannot be had: std::length_error.
///           On nil every wait lasts for ever, try_ operations would block, close
///           throws.
/// Memory    to wake a waiter takes none on an io_context, a thread_pool, a strand of one
///           of them, and the system's executor, also in any_io_executor, nor a task on a
///           host of one of them. On executors of others, and on strands of those or of
///           any_io_executor, the program ends if there is none.
template <class T = unit>
class channel
    : public channel_handle<detail::element<T>, detail::channel_base::one_sender>,
      public sending_end<detail::element<T>, channel<T>>,
      public receiving_end<detail::element<T>, channel<T>> {
    using base = channel_handle<detail::element<T>, detail::channel_base::one_sender>;

public:
    /// Unbuffered.
    channel() : base(typename base::adopt{}, make(0, true)) {}
    /// Buffers `capacity` values; 0: unbuffered.
    template <std::integral N>
    explicit channel(N capacity) : base(typename base::adopt{}, make(capacity, true)) {}
    /// Promises that only one serial host uses it: no locks, even if the process has
    /// more threads. Checked in debug builds by an assertion.
    template <std::integral N>
    channel(N capacity, same_host_t)
        : base(typename base::adopt{}, make(capacity, false)) {}
    /// A send that finds the buffer full does not wait: see overflow. dropped() counts the
    /// values that it drops, which are destroyed by the task that sends, without a lock.
    /// With drop_newest and a capacity of 0 a value is dropped unless a receiver waits.
    template <std::integral N>
    channel(N capacity, overflow when_full)
        : base(typename base::adopt{},
               make(capacity, detail::rules_for(when_full, capacity == 0))) {}
    /// Keeps the latest value only, as channel(1, drop_oldest).
    explicit channel(conflated_t) : channel(1, overflow::drop_oldest) {}
    /// Lets a value into the buffer while there are fewer than `capacity`, and what they
    /// weigh is below the limit: so it exceeds the limit by less than the weight of one
    /// value, and the heaviest value gets in, too. A value that goes from hand to hand is
    /// not weighed.
    template <std::integral N, class Weigh>
        requires std::is_invocable_r_v<std::size_t, Weigh, const T&>
    channel(N capacity, weight_limit<Weigh> limit)
        : base(typename base::adopt{},
               make(capacity,
                    detail::rules_for(limit.limit(),
                                      &weight_limit<Weigh>::template weigh<T>))) {}
    /// The nil channel.
    channel(std::nullptr_t) noexcept : base(nullptr) {}

    friend bool operator==(const channel& a, const channel& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const channel& a, std::nullptr_t) noexcept {
        return !a.core();
    }

private:
    template <std::integral N>
    static detail::channel_core<detail::element<T>>* make(N capacity, bool shared) {
        static_assert(detail::element_type<T>());
        if (std::cmp_less(capacity, 0) || !std::in_range<std::size_t>(capacity))
            detail::throw_capacity();
        return detail::channel_core<detail::element<T>>::make(
            static_cast<std::size_t>(capacity), shared);
    }
    template <std::integral N>
    static detail::channel_core<detail::element<T>>*
    make(N capacity, std::unique_ptr<detail::channel_rules> rules) {
        auto* core = make(capacity, true);
        core->set_rules(std::move(rules));
        return core;
    }
};

/// The receiving end of a channel; default-made it is nil. It neither sends nor closes.
template <class T = unit>
class receiver : public channel_handle<T, detail::channel_base::one_handle>,
                 public receiving_end<T, receiver<T>> {
    using base = channel_handle<T, detail::channel_base::one_handle>;

public:
    receiver(std::nullptr_t = nullptr) noexcept : base(nullptr) {}
    receiver(const channel<T>& c) noexcept : base(c.core()) {}

    template <class... A>
    send_op<T> send(A&&...) const = delete;  // a sender<T> sends
    template <class... A>
    void close(A&&...) const = delete;  // a sender<T> closes

    friend bool operator==(const receiver& a, const receiver& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const receiver& a, std::nullptr_t) noexcept {
        return !a.core();
    }
};

/// The sending end of a channel; default-made it is nil. It does not receive.
template <class T = unit>
class sender : public channel_handle<T, detail::channel_base::one_sender>,
               public sending_end<T, sender<T>> {
    using base = channel_handle<T, detail::channel_base::one_sender>;

public:
    sender(std::nullptr_t = nullptr) noexcept : base(nullptr) {}
    sender(const channel<T>& c) noexcept : base(c.core()) {}

    template <class... A>
    receive_value_op<T> receive(A&&...) const = delete;  // a receiver<T> receives

    friend bool operator==(const sender& a, const sender& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const sender& a, std::nullptr_t) noexcept {
        return !a.core();
    }
};

}  // namespace heddle
