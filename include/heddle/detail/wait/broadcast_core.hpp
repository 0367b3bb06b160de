// SPDX-License-Identifier: BSL-1.0
// The core of a broadcast: a ring of values, and a place in it for each subscription.
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

class broadcast_receive;
class broadcast_send;

/// Where a subscription stands. Guarded by the core's lock.
struct broadcast_place {
    std::uint64_t next = 0;  // the number of the value that it gets next
    std::uint64_t lost = 0;  // how many it did not get
};

/// Values have numbers. The ring holds those from first_ to end_. Invariants, whenever
/// lock() is free:
///   [places]  the slot of a value counts the places that have not passed it.
///   [waiting] a receive that waits is that of a place which has passed all values; the
///             broadcast is not closed.
///   [full]    while a send waits, the oldest value is counted, and the ring is full.
class HEDDLE_API broadcast_core final : public sync_core {
public:
    using pointer = std::shared_ptr<const void>;

    /// Throws std::length_error if there is no memory for the ring.
    broadcast_core(std::size_t capacity, bool holds_back);

    void subscribe(broadcast_place& place, std::size_t replay) noexcept;
    void unsubscribe(broadcast_place& place) noexcept;

    /// Puts the value in, and leaves in its place the one that made room, or null.
    outcome send_locked(pointer& value, wake_list&) noexcept;
    outcome try_send(pointer& value) noexcept;

    outcome receive_locked(broadcast_place& place, pointer& to, wake_list&) noexcept;
    outcome try_receive(broadcast_place& place, pointer& to) noexcept;

    bool close() noexcept;
    bool closed() noexcept {
        guard g(lock());
        return closed_;
    }
    std::uint64_t lost(const broadcast_place& place) noexcept {
        guard g(lock());
        return place.lost;
    }
    std::size_t unread(const broadcast_place& place) noexcept;
    std::size_t subscribers() noexcept {
        guard g(lock());
        return places_;
    }

    wait_list& senders() noexcept { return senders_; }

private:
    struct slot {
        pointer value;
        std::size_t to_pass = 0;  // [places]
    };

    slot& at(std::uint64_t number) noexcept {
        return ring_[static_cast<std::size_t>(number % ring_.size())];
    }
    bool full() const noexcept { return end_ - first_ == ring_.size(); }
    void skip_lost(broadcast_place& place) noexcept;
    void let_in_locked(wake_list&) noexcept;

    const bool holds_back_;
    // Guarded by lock().
    std::vector<slot> ring_;
    std::uint64_t first_ = 0;
    std::uint64_t end_ = 0;
    std::size_t places_ = 0;
    wait_list senders_;
    bool closed_ = false;
};

class HEDDLE_API broadcast_receive : public sync_operation<broadcast_core> {
public:
    broadcast_receive(broadcast_core& core, broadcast_place& place) noexcept
        : sync_operation(core), place_(place) {}

    bool attempt_locked(wake_list& wakes) noexcept final {
        result = core_.receive_locked(place_, value, wakes);
        return result != outcome::pending;
    }
    void describe(std::string& to) const final { to += "to receive from a broadcast"; }
    broadcast_place& place() const noexcept { return place_; }

    /// Arrives here, and is null if the broadcast is closed.
    broadcast_core::pointer value;

protected:
    ~broadcast_receive();

private:
    broadcast_place& place_;
};

class HEDDLE_API broadcast_send final : public operation {
public:
    broadcast_send(broadcast_core& core, broadcast_core::pointer& value) noexcept
        : core_(core), value_(value) {}
    template <no_operation Op>
    explicit broadcast_send(Op& op) noexcept : broadcast_send(op.core(), op.value()) {}
    ~broadcast_send() {
        if (entered_)
            core_.drop();
    }

    spin_lock* source() const noexcept override { return &core_.lock(); }
    bool attempt_locked(wake_list& wakes) noexcept override {
        result = core_.send_locked(value_, wakes);
        return result != outcome::pending;
    }
    void enlist_locked() noexcept override {
        if (!std::exchange(entered_, true))
            core_.enter_locked();  // [users]
        core_.senders().push_back(*this);
    }
    bool happens_once() const noexcept override { return true; }
    void describe(std::string& to) const override {
        to += "for the slowest subscriber of a broadcast";
    }
    void complete() override { take(); }
    void take();

    broadcast_core::pointer& value() noexcept { return value_; }

private:
    bool leave_queue() noexcept override {
        return leave(core_.senders(), core_.lock(), *this);
    }

    broadcast_core& core_;
    broadcast_core::pointer& value_;
    bool entered_ = false;
};

[[noreturn]] HEDDLE_API void throw_send_on_closed_broadcast();
[[noreturn]] HEDDLE_API void throw_close_of_closed_broadcast();
[[noreturn]] HEDDLE_API void throw_subscription_moved();

}  // namespace heddle::detail
