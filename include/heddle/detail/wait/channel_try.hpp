// SPDX-License-Identifier: BSL-1.0
// A send and a receive that never wait.
#pragma once

#include <heddle/channel_operations.hpp>
#include <heddle/detail/wait/channel_core.hpp>

#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class T>
try_status try_receive_from(channel_core<T>* c, std::optional<T>& to) noexcept {
    if (!c)
        return try_status::would_block;
    std::optional<T> got;
    std::optional<T>& into = to ? got : to;  // no old value is destroyed under the lock
    wake_list wakes;
    outcome o;
    {
        guard g(c->lock());
        o = c->take_locked(into, wakes);
    }
    wakes.release();
    if (o == outcome::done) {
        if (got) {
            to.reset();
            to.emplace(*std::move(got));
        }
        return try_status::done;
    }
    return o == outcome::closed ? try_status::closed : try_status::would_block;
}

template <class T>
try_status try_send_to(channel_core<T>* c, T& value) noexcept {
    if (!c)
        return try_status::would_block;
    wake_list wakes;
    outcome o;
    {
        guard g(c->lock());
        o = c->send_locked(value, wakes);
    }
    wakes.release();
    if (o == outcome::dropped) {
        [[maybe_unused]] T dropped(std::move(value));
        return try_status::done;
    }
    if (o == outcome::done)
        return try_status::done;
    return o == outcome::closed ? try_status::closed : try_status::would_block;
}

}  // namespace heddle::detail
