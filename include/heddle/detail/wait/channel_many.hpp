// SPDX-License-Identifier: BSL-1.0
// Many values of a channel at a time. No value is lost if there is no memory: its place
// in the container is there before it is taken.
#pragma once

#include <heddle/detail/wait/channel_ops.hpp>

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class C, class T>
concept container_of = std::same_as<typename C::value_type, T>;

/// A container that makes room for values before they are there.
template <class C, class T>
concept reserving = container_of<C, T> && requires(C& to, T&& value) {
    { to.size() } -> std::convertible_to<std::size_t>;
    { to.capacity() } -> std::convertible_to<std::size_t>;
    to.reserve(to.size());
    to.push_back(std::move(value));
};

/// A container whose place for a value is an element that is overwritten.
template <class C, class T>
concept growing = !reserving<C, T> && container_of<C, T> &&
                  std::is_nothrow_move_assignable_v<T> && requires(C& to) {
                      to.emplace_back();
                      { to.back() } -> std::same_as<T&>;
                      to.pop_back();
                  };

template <class C, class T>
concept receives_many = reserving<C, T> || growing<C, T>;

/// Makes room in `to` for one value more. A container that grows doubles.
template <class C>
void make_room(C& to) {
    if (to.size() == to.capacity())
        to.reserve(to.size() + std::max<std::size_t>(to.size(), 1));
}

/// An element at the end of a container, in whose place a value will be. It is taken
/// away again if there is none.
template <class C>
class place_at_end : pinned {
public:
    explicit place_at_end(C& to) : to_(to) { to.emplace_back(); }
    ~place_at_end() {
        if (!filled_)
            to_.pop_back();
    }
    void fill(typename C::value_type&& value) noexcept {
        to_.back() = std::move(value);
        filled_ = true;
    }

private:
    C& to_;
    bool filled_ = false;
};

/// Takes values that are there, at most `most`, and appends them to `to`. The room is
/// made before the lock is taken, under which nothing of the user's runs but the move
/// of a T. Takes fewer if there is no memory for more. Returns how many it took.
template <class T, reserving<T> C>
std::size_t receive_more(channel_core<T>& channel, C& to, std::size_t most) {
    std::size_t taken = 0;
    while (taken < most && channel.can_give()) {
        try {
            make_room(to);
        } catch (...) {
            break;
        }
        std::size_t goal =
            std::min<std::size_t>(most, taken + (to.capacity() - to.size()));
        wake_list wakes;
        outcome found = outcome::done;
        {
            guard g(channel.lock());
            for (std::optional<T> value; taken < goal; ++taken, value.reset()) {
                found = channel.take_locked(value, wakes);
                if (found != outcome::done)
                    break;
                to.push_back(*std::move(value));
            }
        }
        wakes.release();
        if (found != outcome::done)
            break;
    }
    return taken;
}

/// Does the same, one place at a time.
template <class T, growing<T> C>
std::size_t receive_more(channel_core<T>& channel, C& to, std::size_t most) {
    std::size_t taken = 0;
    for (; taken < most && channel.can_give(); ++taken) {
        std::optional<place_at_end<C>> next;
        try {
            next.emplace(to);
        } catch (...) {
            break;
        }
        std::optional<T> value;
        wake_list wakes;
        {
            guard g(channel.lock());
            channel.take_locked(value, wakes);
        }
        wakes.release();
        if (!value)
            break;
        next->fill(*std::move(value));
    }
    return taken;
}

/// A destination: takes the values that are there, too, up to a number. If it throws, the
/// value is still where it was.
template <class T, class C>
struct to_container {
    std::size_t deliver(std::optional<T>& value) const {
        if (!value)
            return 0;
        make_room(*to);  // there is room, unless the operation has happened before
        to->push_back(*std::move(value));
        value.reset();
        return 1 + receive_more(*channel, *to, most - 1);
    }
    channel_core<T>* channel;
    C* to;
    std::size_t most;
};

/// The same, with a place for the first value.
template <class T, class C>
struct to_place {
    std::size_t deliver(std::optional<T>& value) const {
        if (!value)
            return 0;
        first->fill(*std::move(value));
        value.reset();
        return 1 + receive_more(*channel, *to, most - 1);
    }
    channel_core<T>* channel;
    C* to;
    std::size_t most;
    place_at_end<C>* first;
};

/// Awaits many values in a container that cannot reserve.
template <class T, class C>
class [[nodiscard]] await_with_place : pinned {
    using destination = to_place<T, C>;

public:
    await_with_place(process& self, channel_core<T>* channel, C& to, std::size_t most)
        : first_(to), wait_(self, channel, destination{channel, &to, most, &first_}) {}

    bool await_ready() noexcept { return wait_.await_ready(); }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> frame) noexcept {
        return wait_.await_suspend(frame);
    }
    std::size_t await_resume() { return wait_.await_resume(); }

private:
    place_at_end<C> first_;
    await_channel<receive_attempt<T, destination>> wait_;
};

/// The same as an arm. In a selector it happens again and again: a value that it could
/// not deliver, for want of memory, is kept for the next time.
template <class T, class C>
class receive_many_arm final : public receive_operation<T> {
public:
    template <no_operation Op>
    explicit receive_many_arm(Op& op)
        : receive_operation<T>(op.channel()), to_(op.destination()) {
        constexpr bool right = reserving<C, T>;
        static_assert(right,
                      "heddle: c.receive_many(to, n) as an arm needs a container "
                      "with reserve(), as a std::vector");
        if constexpr (right)
            make_room(*to_.to);
    }

    bool attempt_locked(wake_list& wakes) noexcept override {
        return kept_ || receive_operation<T>::attempt_locked(wakes);
    }
    bool may_happen_locked() const noexcept override {
        return kept_ || receive_operation<T>::may_happen_locked();
    }
    void complete() override {
        if constexpr (reserving<C, T>) {
            kept_ = true;
            (void)to_.deliver(this->value);
            kept_ = false;
        }
    }

private:
    to_container<T, C> to_;
    bool kept_ = false;  // or it is being delivered
};

}  // namespace heddle::detail
