// SPDX-License-Identifier: BSL-1.0
// Many values of a channel at a time.
#pragma once

#include <heddle/detail/wait/channel_core.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

/// Makes room in `to` for one value more. A vector that grows doubles.
template <class T, class Allocator>
void make_room(std::vector<T, Allocator>& to) {
    if (to.size() == to.capacity())
        to.reserve(to.size() + std::max<std::size_t>(to.size(), 1));
}

/// Takes values that are there, at most `most`, and appends them to `to`. The room is
/// made before the lock is taken, under which nothing of the user's runs but the move
/// of a T. Takes fewer if there is no memory for more. Returns how many it took.
template <class T, class Allocator>
std::size_t receive_more(channel_core<T>& channel, std::vector<T, Allocator>& to,
                         std::size_t most) {
    std::size_t taken = 0;
    while (taken < most && channel.can_give()) {
        try {
            make_room(to);
        } catch (...) {
            break;
        }
        std::size_t goal = std::min(most, taken + (to.capacity() - to.size()));
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

}  // namespace heddle::detail
