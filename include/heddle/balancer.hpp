// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/errors.hpp>
#include <heddle/go.hpp>
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
#include <type_traits>
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
[[noreturn]] HEDDLE_API void throw_balancer_closed(bool again);
HEDDLE_API std::size_t draw_below(std::size_t n);

}  // namespace detail

/// A balancer hands requests to workers, so that none has much more to do than another.
///
///     heddle::balancer<request> b;
///     for (int i = 0; i < 10; ++i) b.add(handle);        // task<> handle(request)
///     co_await b.send(request(work, reply));
///
/// A worker is a task that calls its function for one request after the other. Replies
/// are the affair of the requests, as by a channel or a promise that they carry.
/// Workers may be added, drained and lost at any time. What a lost worker holds, but
/// has not begun, goes to others, before all that waits.
///
/// Threads   tasks of one serial host.
/// Resumes   senders in order of arrival; a worker begins its requests in the order in
///           which it got them.
/// Closing   close(): send() throws channel_closed; requests that were sent are
///           handled, and then the workers end.
/// Cancel    a send() that is cancelled while it waits has sent nothing. A worker runs
///           below the token of the task that added it: cancelled, it is lost.
/// Lifetime  workers and sends under way do not refer to this object. Once it and the
///           workers are gone, requests that wait are destroyed.
/// Errors    a limit of 0: std::invalid_argument. An exception of the function ends its
///           worker: see balancer_options::failed; the request that it handled is gone.
///           Closing twice: channel_closed. send() takes memory, and so does add():
///           std::bad_alloc, and nothing has changed.
/// Complexity  send() and the end of a request: O(log workers), and with round_robin
///             O(workers) while most are full. The end of a worker: O(workers).
template <class Request>
class balancer {
    struct core;
    struct member;

public:
    /// Refers to a worker, which goes on without it.
    class worker {
    public:
        /// Gives it no more requests; it ends when it has handled those that it holds.
        void drain() const noexcept { member_->core_of->drain(*member_); }

        /// Ends it at once: the waits of its function throw `cancelled`.
        void cancel() noexcept { task_.cancel(); }

        /// Suspends until it has ended. It is an arm.
        wait_op ended() const noexcept { return member_->ended.wait(); }

        worker_metrics metrics() const noexcept { return member_->metrics(); }

    private:
        friend class balancer;
        worker(std::shared_ptr<member> m, join_handle<> t) noexcept
            : member_(std::move(m)), task_(std::move(t)) {}

        std::shared_ptr<member> member_;
        join_handle<> task_;
    };

    explicit balancer(balancer_options options = {})
        : core_((detail::check_balancer(options),
                 std::make_shared<core>(std::move(options)))) {}
    /// A copy is the same balancer. A move copies, so a balancer is never empty.
    balancer(const balancer&) noexcept = default;
    balancer& operator=(const balancer&) noexcept = default;

    /// Starts a worker, which calls handle(request), a coroutine.
    template <class F>
        requires std::is_same_v<std::invoke_result_t<F&, Request>, task<>>
    worker add(F handle) const {
        auto m = std::make_shared<member>(core_);
        core_->enter(*m);
        try {
            worker started(m, go(work<F>, leaving(m), std::move(handle)));
            ++core_->added;
            core_->dispatch();
            return started;
        } catch (...) {
            core_->leave(*m);
            throw;
        }
    }

    /// Waits while the queue is full.
    task<> send(Request request) const { return send(core_, std::move(request)); }

    /// Refuses requests from now on.
    void close() const {
        if (core_->closed)
            detail::throw_balancer_closed(true);
        core_->closed = true;
        core_->room.release();  // the sends that wait pass it on, as they are refused
        for (member* m : core_->by_load)
            m->wake.notify_one();
    }

    /// How many requests wait for a worker.
    std::size_t queued() const noexcept { return core_->queue.size(); }
    /// How many requests the workers hold, and the queue.
    std::size_t pending() const noexcept {
        std::size_t n = queued();
        for (member* m : core_->by_load)
            n += m->pending;
        return n;
    }
    /// Of the workers that take requests, in the order of add().
    std::vector<worker_metrics> metrics() const {
        std::vector<worker_metrics> all;
        for (member* m : core_->by_load)
            all.push_back(m->metrics());
        std::sort(all.begin(), all.end(),
                  [](auto& a, auto& b) { return a.number < b.number; });
        return all;
    }

private:
    /// A request on its way, and whether it takes a place of the queue.
    struct entry {
        Request request;
        bool counted;
    };

    struct member : detail::pinned {
        explicit member(std::shared_ptr<core> c)
            : core_of(std::move(c)), number(core_of->added) {}

        worker_metrics metrics() const noexcept { return {number, pending, done}; }

        std::shared_ptr<core> core_of;
        std::size_t number;
        std::size_t pending = 0;
        std::uint64_t done = 0;
        bool takes = false;      // is in the core's pools
        std::list<entry> inbox;  // requests that it has not begun
        notify wake;
        event ended;
    };

    struct less {
        bool operator()(const member* a, const member* b) const noexcept {
            return std::pair(a->pending, a->number) < std::pair(b->pending, b->number);
        }
    };

    struct core : detail::pinned {
        explicit core(balancer_options o)
            : options(std::move(o)),
              room(static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                  options.queue, static_cast<std::size_t>(
                                     std::numeric_limits<std::ptrdiff_t>::max())))) {}

        void enter(member& m) {
            in_turn.reserve(in_turn.size() + 1);
            by_load.insert(&m);
            in_turn.push_back(&m);
            m.takes = true;
        }

        /// Takes the worker out of the pools.
        void drain(member& m) noexcept {
            if (!std::exchange(m.takes, false))
                return;
            by_load.erase(&m);
            auto at = std::find(in_turn.begin(), in_turn.end(), &m);
            if (at - in_turn.begin() < static_cast<std::ptrdiff_t>(next))
                --next;
            in_turn.erase(at);
            m.wake.notify_one();
        }

        /// The worker is lost, or done: what it holds goes before all that waits.
        void leave(member& m) noexcept {
            drain(m);
            queue.splice(queue.begin(), m.inbox);
            m.pending = 0;
            m.ended.set();
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

        member* pick() {
            if (by_load.empty() || !has_room(**by_load.begin()))
                return nullptr;  // all are full
            if (options.choose == balancing::least_pending)
                return *by_load.begin();
            if (options.choose == balancing::two_choices) {
                member* a = in_turn[detail::draw_below(in_turn.size())];
                member* b = in_turn[detail::draw_below(in_turn.size())];
                member* fewer = less()(b, a) ? b : a;
                return has_room(*fewer) ? fewer : *by_load.begin();
            }
            for (;;) {
                next = next < in_turn.size() ? next : 0;
                member* m = in_turn[next++];
                if (has_room(*m))
                    return m;
            }
        }

        /// Hands out the requests that wait, as far as there are workers with room.
        void dispatch() noexcept {
            while (!queue.empty()) {
                member* m = pick();
                if (!m)
                    return;
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
        std::set<member*, less> by_load;  // those that take requests
        std::vector<member*> in_turn;     // the same, in the order of add()
        std::size_t next = 0;             // whose turn it is in in_turn
        std::size_t added = 0;
        bool closed = false;
    };

    /// The first parameter of a worker's task: it leaves on every way out.
    struct leaving {
        explicit leaving(std::shared_ptr<member> m) noexcept : mine(std::move(m)) {}
        leaving(leaving&&) noexcept = default;
        ~leaving() {
            if (mine)
                mine->core_of->leave(*mine);
        }
        std::shared_ptr<member> mine;
    };

    template <class F>
    static task<> work(leaving self, F handle) {
        member& m = *self.mine;
        core& all = *m.core_of;
        std::exception_ptr failure;
        try {
            for (;;) {
                while (m.inbox.empty()) {
                    if (!m.takes || (all.closed && all.queue.empty()))
                        co_return;
                    co_await m.wake.wait();
                }
                std::list<entry> one;
                one.splice(one.begin(), m.inbox, m.inbox.begin());
                co_await handle(std::move(one.front().request));
                ++m.done;
                all.change(m, m.pending - 1);
                all.dispatch();
            }
        } catch (const cancelled&) {
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
        if (!all.options.failed)
            std::rethrow_exception(failure);
        all.options.failed(m.number, failure);
    }

    static task<> send(std::shared_ptr<core> all, Request request) {
        if (all->closed)
            detail::throw_balancer_closed(false);
        std::list<entry> one;
        one.push_back(entry{std::move(request), true});
        co_await all->room.acquire();
        if (all->closed) {
            all->room.release();
            detail::throw_balancer_closed(false);
        }
        all->queue.splice(all->queue.end(), one);
        all->dispatch();
    }

    std::shared_ptr<core> core_;
};

}  // namespace heddle
