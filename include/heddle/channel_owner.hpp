// SPDX-License-Identifier: BSL-1.0
// Ends of a channel that close it.
#pragma once

#include <heddle/channel.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Closes the channel when the last owner is gone.
template <class T>
class channel_owner {
public:
    channel_owner() noexcept = default;
    explicit channel_owner(const channel<T>& c)
        : owned_(std::make_shared<const owned>(c)) {}

    channel_core<T>* core() const noexcept {
        return owned_ ? owned_->end.core() : nullptr;
    }
    friend bool operator==(const channel_owner& a, const channel_owner& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const channel_owner& a, std::nullptr_t) noexcept {
        return !a.core();
    }

protected:
    channel<T> end() const noexcept {
        return owned_ ? owned_->end : channel<T>(nullptr);
    }

private:
    struct owned {
        explicit owned(const channel<T>& c) noexcept : end(c) {}
        ~owned() { end.try_close(); }
        channel<T> end;
    };
    std::shared_ptr<const owned> owned_;
};

}  // namespace detail

/// An owning_sender sends on a channel; when its last copy is gone, the channel is
/// closed: nobody forgets to close it, and nobody closes it too early.
///
///     heddle::channel<job> jobs;
///     for (auto& part : parts)
///         heddle::go(produce, part, to);     // heddle::owning_sender<job> to(jobs);
///
/// Copies share the ownership; an owner that is made from the channel anew does not.
/// Other ends may still send, receive and close.
///
/// Threads   as of a shared_ptr.
/// Closing   as channel::close(), but without an error if it is closed already.
/// Lifetime  an owner in the frame of a task is gone with that, also if the task is
///           cancelled or its context is destroyed.
/// Errors    making one takes memory: std::bad_alloc. A default-made or moved-from
///           owner is nil.
template <class T = unit>
class owning_sender : public detail::channel_owner<T>,
                      public sending_end<T, owning_sender<T>> {
public:
    owning_sender(std::nullptr_t = nullptr) noexcept {}
    explicit owning_sender(const channel<T>& c) : detail::channel_owner<T>(c) {}

    /// Gives up this owner.
    void reset() noexcept { *this = owning_sender(); }

    operator sender<T>() const noexcept { return this->end(); }

    template <class... A>
    receive_value_op<T> receive(A&&...) const = delete;  // a receiver<T> receives
};

/// An owning_receiver receives from a channel; when its last copy is gone, the channel
/// is closed: sends are refused, and their values are still the senders'. So a sender
/// learns that nobody reads any more. Values in the buffer are destroyed with the
/// channel.
///
/// All else is as of owning_sender.
template <class T = unit>
class owning_receiver : public detail::channel_owner<T>,
                        public receiving_end<T, owning_receiver<T>> {
public:
    owning_receiver(std::nullptr_t = nullptr) noexcept {}
    explicit owning_receiver(const channel<T>& c) : detail::channel_owner<T>(c) {}

    /// Gives up this owner.
    void reset() noexcept { *this = owning_receiver(); }

    operator receiver<T>() const noexcept { return this->end(); }

    template <class... A>
    send_op<T> send(A&&...) const = delete;  // a sender<T> sends
    template <class... A>
    void close(A&&...) const = delete;  // a sender<T> closes
};

}  // namespace heddle
