// SPDX-License-Identifier: BSL-1.0
// How a context ends while others may still wake, cancel or post there.
#include "context_state.hpp"

#include <asio/thread_pool.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace heddle::detail {

void ends_from_inside() noexcept {
    host* h = host::current();
    process* p = h ? h->running() : nullptr;
    std::string who = "a handler";
    if (p) {
        who = "task " + std::to_string(p->id);
        guard g(p->lock);
        if (p->name)
            who += " (" + *p->name + ")";
    }
    std::fprintf(
        stderr,
        "heddle: %s, or a destructor or stop callback that it called, destroys the "
        "execution context that runs it, which would wait for it for ever; destroy "
        "a context when nothing of it runs any more: after run() or join() has "
        "returned\n",
        who.c_str());
    std::abort();
}

void context_state::shut() noexcept {
    if (inside_context::is_here(*this))
        ends_from_inside();
    shut_.store(true, std::memory_order_release);
    // Blocking work that runs is waited for; what has not begun is destroyed, and its
    // task with it.
    std::unique_ptr<asio::thread_pool> pool;
    {
        guard g(lock_);
        pool = std::exchange(pool_, nullptr);
    }
    if (pool) {
        if (pool->get_executor().running_in_this_thread())
            ends_from_inside();
        pool->stop();
        pool->join();
        pool.reset();
    }
    abandon_waits();
    for (;;) {
        counted<host> next;
        bool going = false;  // another thread is ending it: it uses this context still
        {
            guard g(lock_);
            for (host* h = first_; h && !next; h = h->next_host_) {
                if (!h->is_shut() && h->take_if_any())
                    next = counted<host>::adopt(h);
                else
                    going |= !h->is_shut();
            }
        }
        if (next)
            next->shut();
        else if (going)
            yield_until_one_leaves();
        else
            break;
    }
    take_back_executors();
    wait_for_posting();
}

void context_state::wait_for_posting() noexcept {
    while (posting.load(std::memory_order_seq_cst) != 0)  // [posting]
        yield_until_changed(posting);
    while (somebody_comes())  // [homecoming]
        yield_until_changed(coming.n);
}

/// [lent]
void context_state::take_back_executors() noexcept {
    for (;;) {
        counted<lent_executor> taken;
        guard g(lock_);
        foreign_executor* e = lent_;
        if (!e)
            return;
        lent_ = e->next_;
        if (lent_)
            lent_->prev_ = nullptr;
        std::swap(taken, e->lent_);
    }
}

/// Destroys the handlers that wait here in operations of heddle.
void context_state::abandon_waits() noexcept {
    for (;;) {
        counted<token_wait> w;
        {
            guard g(lock_);
            if (!waits_)
                return;
            w = counted<token_wait>(waits_);
        }
        if (w->abandon())
            continue;
        if (wake_list::holds_back(*w))
            ends_from_inside();
        yield_until_changed(posting);  // another thread settles it just now
    }
}

void context_state::release_own() noexcept {
    abandon_waits();
    take_back_executors();
    wait_for_posting();
    counted<host> own;
    worker_pool* workers;
    {
        guard g(lock_);
        own = std::exchange(own_, {});
        workers = workers_.get();
    }
    if (workers)
        workers->release();
}

}  // namespace heddle::detail
