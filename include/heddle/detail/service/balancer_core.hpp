// SPDX-License-Identifier: BSL-1.0
// The state that a balancer and its workers share, and the rules by which it hands out.
#pragma once

#include <heddle/detail/memory/intrusive_list.hpp>
#include <heddle/sync.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

/// Which worker gets a request: the one that holds the fewest, the first of them in the
/// order of add(); each in turn; or the one of two drawn at random that holds fewer
/// (Mitzenmacher 1996).
enum class balancing { least_pending, round_robin, two_choices };

struct balancer_options {
    balancing choose = balancing::least_pending;
    /// How many requests a worker holds at most, that which it handles included.
    std::size_t per_worker = std::numeric_limits<std::size_t>::max();
    /// How many requests wait in the balancer at most, while all workers are full.
    std::size_t queue = 1024;
    /// Called with the number of a worker and the exception that has left its function.
    /// If there is none, the exception is that of a detached task.
    std::function<void(std::size_t, std::exception_ptr)> failed = {};
};

/// What a worker has done, and what it holds.
struct worker_metrics {
    std::size_t number;   // in the order of add(), from 0
    std::size_t pending;  // that it has not handled, that which it handles included
    std::uint64_t done;   // that it has handled
};

namespace detail {

/// Throws std::invalid_argument if the options make no sense.
HEDDLE_API void check_balancer(const balancer_options& o);
HEDDLE_API void check_at_once(std::size_t n);
[[noreturn]] HEDDLE_API void throw_balancer_closed(bool again);
HEDDLE_API std::size_t draw_below(std::size_t n);

template <class Request>
struct balancer_core;

/// A request on its way, and whether it takes a place of the queue.
template <class Request>
struct balancer_entry {
    Request request;
    bool counted;
};

template <class Request>
struct balancer_member : pinned {
    using core = balancer_core<Request>;
    using entry = balancer_entry<Request>;

    explicit balancer_member(std::shared_ptr<core> c)
        : core_of(std::move(c)), number(core_of->added) {}

    worker_metrics metrics() const noexcept { return {number, pending, done}; }

    /// Whether it ends when it holds nothing.
    bool ends() const noexcept {
        return drained || (core_of->closed && core_of->queue.empty());
    }

    static std::list<entry> take(std::list<entry>& from,
                                 std::list<entry>::iterator at) noexcept {
        std::list<entry> one;
        one.splice(one.begin(), from, at);
        return one;
    }

    list_place<balancer_member> place;
    std::shared_ptr<core> core_of;
    std::size_t number;
    std::size_t pending = 0;
    std::uint64_t done = 0;
    bool takes = false;       // is in the core's pools
    bool drained = false;     // takes none any more
    bool listed = false;      // is in the core's list
    std::list<entry> inbox;   // requests that it has not begun
    std::list<entry> begun;   // those of calls that have not run yet
    std::size_t running = 0;  // calls, of a worker that makes several at once
    notify wake;
    event ended;
};

/// The one that holds fewer comes first; then the one that was added first.
struct less_loaded {
    bool operator()(const auto* a, const auto* b) const noexcept {
        return std::pair(a->pending, a->number) < std::pair(b->pending, b->number);
    }
};

template <class Request>
struct balancer_core : pinned {
    using member = balancer_member<Request>;
    using entry = balancer_entry<Request>;

    explicit balancer_core(balancer_options o)
        : options(std::move(o)),
          room(static_cast<std::ptrdiff_t>(std::min<std::size_t>(
              options.queue,
              static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max())))) {}

    /// Puts the worker into the pools.
    void resume(member& m) {
        if (m.takes || m.drained)
            return;
        in_turn.reserve(in_turn.size() + 1);
        by_load.insert(&m);
        auto at = std::ranges::upper_bound(in_turn, m.number, {}, &member::number);
        if (at - in_turn.begin() < static_cast<std::ptrdiff_t>(next))
            ++next;
        in_turn.insert(at, &m);
        m.takes = true;
    }

    /// Takes the worker out of the pools.
    void take_out(member& m) noexcept {
        if (!std::exchange(m.takes, false))
            return;
        by_load.erase(&m);
        auto at = std::find(in_turn.begin(), in_turn.end(), &m);
        if (at - in_turn.begin() < static_cast<std::ptrdiff_t>(next))
            --next;
        in_turn.erase(at);
    }

    void drain(member& m) noexcept {
        take_out(m);
        m.drained = true;
        m.wake.notify_one();
    }

    /// What the worker has not begun goes before all that waits.
    void pause(member& m) noexcept {
        take_out(m);
        m.pending -= m.inbox.size();
        queue.splice(queue.begin(), m.inbox);
        dispatch();
        m.wake.notify_one();  // if the balancer is closed, it may have to end
    }

    /// The worker is lost, or done.
    void leave(member& m) noexcept {
        m.drained = true;
        pause(m);
        m.pending = 0;
        if (std::exchange(m.listed, false))
            members.erase(m);
        m.ended.set();
    }

    /// The worker has handled a request.
    void handled(member& m) noexcept {
        ++m.done;
        change(m, m.pending - 1);
        dispatch();
    }

    void change(member& m, std::size_t pending) noexcept {
        if (!m.takes) {
            m.pending = pending;
            return;
        }
        auto node = by_load.extract(&m);
        m.pending = pending;
        by_load.insert(std::move(node));
    }

    bool has_room(const member& m) const noexcept {
        return m.pending < options.per_worker;
    }

    /// The worker has ended with an exception.
    void report(const member& m, std::exception_ptr failure) const {
        if (!options.failed)
            std::rethrow_exception(failure);
        options.failed(m.number, failure);
    }

    member* pick() {
        if (by_load.empty() || !has_room(**by_load.begin()))
            return nullptr;  // all are full
        if (options.choose == balancing::least_pending)
            return *by_load.begin();
        if (options.choose == balancing::two_choices) {
            member* a = in_turn[draw_below(in_turn.size())];
            member* b = in_turn[draw_below(in_turn.size())];
            member* fewer = less_loaded()(b, a) ? b : a;
            return has_room(*fewer) ? fewer : *by_load.begin();
        }
        for (;;) {
            next = next < in_turn.size() ? next : 0;
            member* m = in_turn[next++];
            if (has_room(*m))
                return m;
        }
    }

    /// Lets all workers look whether they end.
    void tell_closed() noexcept {
        for (member& m : members)
            m.wake.notify_one();
    }

    /// Hands out the requests that wait, as far as there are workers with room.
    void dispatch() noexcept {
        while (!queue.empty()) {
            member* m = pick();
            if (!m)
                return;
            if (closed && queue.size() == 1)
                tell_closed();
            if (std::exchange(queue.front().counted, false))
                room.release();
            m->inbox.splice(m->inbox.end(), queue, queue.begin());
            change(*m, m->pending + 1);
            m->wake.notify_one();
        }
    }

    const balancer_options options;
    semaphore room;  // in the queue
    std::list<entry> queue;
    intrusive_list<member, &member::place> members;  // all
    std::set<member*, less_loaded> by_load;          // those that take requests
    std::vector<member*> in_turn;                    // the same, in the order of add()
    std::size_t next = 0;                            // whose turn it is in in_turn
    std::size_t added = 0;
    bool closed = false;
};

/// The first parameter of a worker's task: it leaves on every way out.
template <class Request>
struct leaving_member {
    using member = balancer_member<Request>;
    explicit leaving_member(std::shared_ptr<member> m) noexcept : mine(std::move(m)) {}
    leaving_member(leaving_member&&) noexcept = default;
    ~leaving_member() {
        if (mine)
            mine->core_of->leave(*mine);
    }
    std::shared_ptr<member> mine;
};

}  // namespace detail
}  // namespace heddle
