// SPDX-License-Identifier: BSL-1.0
// The objects of a pool, which its leases share with it.
#pragma once

#include <heddle/detail/wait/sync_core.hpp>
#include <heddle/sync.hpp>
#include <heddle/task.hpp>
#include <heddle/time.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <utility>

namespace heddle HEDDLE_VARIANT {

struct pool_options {
    /// How many objects there are at most, those that are lent included.
    std::ptrdiff_t limit = 16;
    /// How long an object may lie unused; then it is destroyed.
    any_duration idle = std::chrono::seconds(90);
};

/// How many objects a pool has, of each kind.
struct pool_counts {
    std::size_t idle;  // that lie unused
    std::size_t lent;  // that are lent, being made or looked at
};

namespace detail {

/// Throws std::invalid_argument if the options make no sense.
HEDDLE_API counted<permit_core> make_places(const pool_options& options);

template <class T>
struct pooled_object {
    T value;
    time_point since;  // when it was put back
};

template <class T>
struct pool_core : pinned {
    using objects = std::list<pooled_object<T>>;

    explicit pool_core(pool_options o) : options(o), places(make_places(o)) {}

    /// Puts `one` back, unless the pool is closed.
    void put(objects& one) noexcept {
        one.front().since = now();
        bool first;
        {
            guard g(lock);
            if (closed)
                return;
            first = idle.empty();
            idle.splice(idle.begin(), one);
        }
        if (first)
            changed.notify_one();
    }

    /// Takes out the object that was put back last. It and those before it move to
    /// `old` if they have lain too long.
    objects take(objects& old) {
        objects one;
        time_point last = deadline_after(now(), -options.idle);
        guard g(lock);
        if (!idle.empty() && idle.front().since <= last)
            old.swap(idle);
        if (!idle.empty())
            one.splice(one.begin(), idle, idle.begin());
        return one;
    }

    /// Destroys those that have lain too long; returns when the next will have.
    time_point destroy_old() noexcept {
        time_point t = now();
        objects old;  // destroyed without the lock
        guard g(lock);
        for (;;) {
            if (idle.empty())
                return time_point::max();
            time_point end = deadline_after(idle.back().since, options.idle);
            if (end > t)
                return end;
            old.splice(old.begin(), idle, std::prev(idle.end()));
        }
    }

    bool is_closed() noexcept {
        guard g(lock);
        return closed;
    }

    /// Returns true if no task waits for those that lie too long, once.
    bool begins_to_reap() noexcept {
        guard g(lock);
        return options.idle != duration::max() && !std::exchange(reaped, true);
    }

    const pool_options options;
    const counted<permit_core>
        places;  // each for an object that is lent, or being made
    std::function<task<T>()> make;
    std::function<task<bool>(T&)> healthy;
    notify changed;  // there is a first idle object, or the pool is closed

    spin_lock lock;
    // Guarded by lock:
    objects idle;  // put back last comes first
    std::size_t lent = 0;
    bool closed = false;
    bool reaped = false;  // a task waits for those that lie too long
};

}  // namespace detail

}  // namespace heddle
