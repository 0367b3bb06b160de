// SPDX-License-Identifier: BSL-1.0
// The dump: each task of a context, and the operations for which it waits.
#include <heddle/detail/core/host.hpp>
#include <heddle/go.hpp>

#include "context/context_state.hpp"
#include "core/worker.hpp"
#include "platform/comes_free.hpp"
#include "platform/port.hpp"
#include "run/for_debuggers.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace heddle HEDDLE_VARIANT {
namespace detail {
namespace {

std::string seconds(duration d) {
    char text[32];
    auto s = std::chrono::duration<double>(std::max(d, duration::zero()));
    std::snprintf(text, sizeof text, "%.3f s", s.count());
    return text;
}

void describe_wait(const process& p, time_point now, std::string& to) {
    if (!p.is_fresh() && p.io) {  // a fresh process has no `io`
        to += " waits for an Asio operation";
    } else if (p.waits) {
        to += p.waits->sibling ? " waits in a select: " : " waits ";
        for (operation* op = p.waits; op; op = op->sibling) {
            if (op != p.waits)
                to += ", or ";
            op->describe(to);
        }
    } else if (p.word.is_parked()) {
        to += " waits in a select without arms";
    } else {
        to += " is ready to run\n    ";
        return;
    }
    to += "\n    for " + seconds(now - p.since) + "; ";
}

}  // namespace

/// `parked` says that none of these tasks runs, except perhaps the one on this thread's
/// stack.
void host::describe_tasks(const std::vector<counted<process>>& tasks, std::string& to,
                          bool parked) {
    host* here = current();
    process* running = here ? here->running_ : nullptr;
    time_point now = read_clock();
    for (const auto& p : tasks) {
        to += "task " + std::to_string(p->id);
        const void* spawned_at = p->describe(to);
        if (!parked)
            to += ": its host is busy\n    ";
        else if (p.get() == running)
            to += " runs\n    ";
        else
            describe_wait(*p, now, to);
        to += "started in " + port::where(spawned_at) + '\n';
    }
}

/// Makes hosts stand still for as long as it lives: no thread begins to drain them
/// [dump].
class host::halt : pinned {
public:
    void add(host& h) {
        if (&h == current())
            return;  // this thread drains it
        held_.push_back(&h);
    }
    ~halt() {
        for (std::size_t i = 0; i < raised_; ++i)
            held_[i]->dumping_.store(false, std::memory_order_seq_cst);
    }

    /// Returns whether all of them stand still. If they do not, the next call may
    /// succeed.
    bool reached() noexcept {
        while (raised_ < held_.size() &&
               !held_[raised_]->dumping_.exchange(true, std::memory_order_seq_cst))
            ++raised_;
        return raised_ == held_.size() &&
               std::none_of(held_.begin(), held_.end(), busy);
    }

private:
    static bool busy(const host* h) noexcept {
        return h->draining_.load(std::memory_order_seq_cst);
    }

    // Each host once, in the same order for all dumps: a dump waits for the next host.
    std::vector<host*> held_;
    std::size_t raised_ = 0;
};

void host::describe(std::string& to) {
    // To look at for_debuggers is to link it.
    if (!for_debuggers || !comes_free(registry_.lock())) {
        (to += stopped_inside) += '\n';
        return;
    }
    std::vector<counted<process>> tasks;  // dropped after the hosts go on
    halt all;                             // a task of one worker may run on another
    if (worker_)
        for (std::size_t i = 0; i < worker_->pool.size(); ++i)
            all.add(worker_->pool[i]);
    else
        all.add(*this);
    auto patience = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    bool still;
    while (!(still = all.reached()) && std::chrono::steady_clock::now() < patience)
        port::yield_thread();
    tasks = registry_.all();
    describe_tasks(tasks, to, still);
}

}  // namespace detail

std::size_t live_tasks(asio::execution_context& ctx) {
    return detail::context_state::of(ctx)->live();
}

std::size_t live_tasks() {
    return live_tasks(detail::host::current_process().home->context());
}

std::string detail::tasks_of(asio::execution_context& ctx) {
    std::string text;
    context_state::of(ctx)->describe(text);
    return text;
}

void detail::describe_here(std::string& to) {
    host* here = host::current();
    if (process* p = here ? here->running() : nullptr)
        context_state::of(p->home->context())->describe(to);
    else
        context_core::describe_all(to);
}

}  // namespace heddle
