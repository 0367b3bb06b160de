// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/balancer_core.hpp>
#include <heddle/detail/task/bind.hpp>
#include <heddle/errors.hpp>
#include <heddle/go.hpp>
#include <heddle/group.hpp>
#include <heddle/sync.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

/// A balancer hands requests to workers, so that none has much more to do than another.
///
///     heddle::balancer<request> b;
///     for (int i = 0; i < 10; ++i) b.add(handle);        // task<> handle(request)
///     co_await b.send(request(work, reply));
///
/// A worker is a task that calls its function for one request after the other, or for
/// several at once. Replies are the affair of the requests, as by a channel or a promise
/// that they carry. Workers may be added, paused, drained and lost at any time. What a
/// lost or paused worker holds, but has not begun, goes to others, before all that waits.
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
///           worker: see balancer_options::failed; the requests that it handled are gone,
///           as its other calls are cancelled.
///           Closing twice: channel_closed. send() takes memory, and so does add():
///           std::bad_alloc, and nothing has changed.
/// Complexity  send() and the end of a request: O(log workers), and with round_robin
///             O(workers) while most are full. The end of a worker: O(workers).
template <class Request>
class balancer {
    using core = detail::balancer_core<Request>;
    using member = detail::balancer_member<Request>;
    using entry = detail::balancer_entry<Request>;
    using leaving = detail::leaving_member<Request>;

public:
    /// Refers to a worker, which goes on without it.
    class worker {
    public:
        /// Gives it no more requests; it ends when it has handled those that it holds.
        void drain() const noexcept { member_->core_of->drain(*member_); }

        /// Gives it no more requests until resume(), as while what it needs is down.
        void pause() const noexcept { member_->core_of->pause(*member_); }

        /// Takes memory: std::bad_alloc, and it is still paused.
        void resume() const {
            member_->core_of->resume(*member_);
            member_->core_of->dispatch();
        }

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

    /// Starts a worker, which calls handle(request), a coroutine, for `at_once` requests
    /// at a time.
    template <class F>
        requires std::is_same_v<std::invoke_result_t<F&, Request>, task<>>
    worker add(F handle, std::size_t at_once = 1) const {
        detail::check_at_once(at_once);
        auto m = std::make_shared<member>(core_);
        core_->members.push_front(*m);
        m->listed = true;
        try {
            core_->resume(*m);
            worker started(m, at_once == 1 ? go(work<F>, leaving(m), std::move(handle))
                                           : go(work_on_many<F>, leaving(m),
                                                std::move(handle), at_once));
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
        core_->tell_closed();
    }

    /// How many requests wait for a worker.
    std::size_t queued() const noexcept { return core_->queue.size(); }
    /// How many requests the workers hold, and the queue.
    std::size_t pending() const noexcept {
        std::size_t n = queued();
        for (const member& m : core_->members)
            n += m.pending;
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
    template <class F>
    static task<> work(leaving self, F handle) {
        member& m = *self.mine;
        core& all = *m.core_of;
        std::exception_ptr failure;
        try {
            for (;;) {
                while (m.inbox.empty()) {
                    if (m.ends())
                        co_return;
                    co_await m.wake.wait();
                }
                auto one = member::take(m.inbox, m.inbox.begin());
                co_await handle(std::move(one.front().request));
                all.handled(m);
            }
        } catch (const cancelled&) {
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
        all.report(m, failure);
    }

    /// One of the calls of a worker that makes several at once.
    template <class F>
    static task<> call(std::shared_ptr<member> m, std::shared_ptr<F> handle,
                       std::list<entry>::iterator at) {
        struct ended {  // also if it failed: then the worker waits for the others
            ~ended() {
                --m.running;
                m.wake.notify_one();
            }
            member& m;
        } at_last{*m};
        auto one = member::take(m->begun, at);
        co_await (*handle)(std::move(one.front().request));
        m->core_of->handled(*m);
    }

    template <class F>
    static void begin_call(group& calls, const std::shared_ptr<member>& m,
                           const std::shared_ptr<F>& handle) {
        auto at = m->inbox.begin();
        m->begun.splice(m->begun.end(), m->inbox, at);
        try {
            calls.go(call<F>, m, handle, at);
            ++m->running;
        } catch (...) {
            m->inbox.splice(m->inbox.begin(), m->begun, at);
            throw;
        }
    }

    template <class F>
    static task<> work_on_many(leaving self, F f, std::size_t at_once) {
        member& m = *self.mine;
        auto handle = std::make_shared<F>(std::move(f));
        group calls;
        std::exception_ptr failure;
        try {
            while (!calls.done().closed()) {
                bool waits = m.inbox.empty() || m.running == at_once;
                if (waits && m.running == 0 && m.ends())
                    break;
                if (waits) {
                    co_await m.wake.wait();
                    continue;
                }
                begin_call(calls, self.mine, handle);
            }
        } catch (...) {
            failure = std::current_exception();
        }
        try {
            co_await calls.wait();
        } catch (const cancelled&) {
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure)
            m.core_of->report(m, failure);
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
