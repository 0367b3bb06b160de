// SPDX-License-Identifier: BSL-1.0
// How a context ends while other threads may still wake, cancel or post there.
#include "context/context_state.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

void context_state::shut() noexcept {
    if (is_shut())
        return;  // newer versions of Asio shut the services of an io_context down twice
    if (inside_context::is_here(*this) || runs_here())
        ends_from_inside();
    close_doors();
    // It waits for the blocking work that runs. Blocking work that has not begun is
    // destroyed, and its task with it.
    std::unique_ptr<blocking_threads> blocking;
    {
        guard g(lock_);
        blocking = std::exchange(blocking_, nullptr);
    }
    if (blocking && blocking->runs_here())
        ends_from_inside();
    blocking.reset();
    abandon_guests();
    shut_hosts();
    take_back_executors();
    wait_for_posting();
}

void blocking_threads::end() noexcept {
    threads_.stop();
    for (int i = 0; i < 1000 && running() != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (int n = running(); n != 0)
        std::fprintf(stderr,
                     "heddle: an execution context that ends waits for %d function%s "
                     "of go_blocking\n",
                     n, n == 1 ? "" : "s");
    threads_.join();
}

/// Empties the list of lent executors [lent].
void context_state::take_back_executors() noexcept {
    for (;;) {
        counted<lent_executor> taken;
        guard g(lock_);
        foreign_executor* e = lent_.pop_front();
        if (!e)
            return;
        std::swap(taken, e->lent_);
    }
}

/// Abandons all guests. An abandoned guest has left the list [listed].
void context_state::abandon_guests() noexcept {
    for (;;) {
        counted<context_guest> next;
        {
            guard g(lock_);
            if (guests_.empty())
                return;
            next = counted<context_guest>(guests_.front());
        }
        if (!next->abandon())
            yield_until_changed(posting);  // another thread settles it just now
    }
}

/// Returns whether this thread runs the context. Only a host can tell; without one it
/// is false.
bool context_state::runs_here() noexcept {
    counted<host> teller;
    {
        guard g(lock_);
        teller = workers_ ? counted<host>(&(*workers_)[0]) : own_;
    }
    return teller && teller->runs_here();
}

void context_state::release_own() noexcept {
    abandon_guests();
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
