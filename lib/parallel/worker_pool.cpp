// SPDX-License-Identifier: BSL-1.0
// The parallel host: lib/README.md, "Workers". As in Go's scheduler (proc.go), a thief
// steals half of a victim's tasks, there is one searcher at a time, and a searcher that
// finds work wakes another. Unlike there, the queues are lists under a biased lock
// instead of rings.
#include "parallel/worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

using namespace std::chrono_literals;

namespace {

constexpr duration patience = 20us;     // how long the searcher looks around at a time
constexpr duration first_pause = 50us;  // between two looks; doubled up to last_pause
constexpr duration last_pause = 10ms;
constexpr duration worthwhile = 200us;  // stolen work that lasts so long pays
constexpr int enough = 5;               // finds in a row that did not pay: it backs off

}  // namespace

// -- the search for work ------------------------------------------------------------

host& worker_pool::place() noexcept {
    std::size_t start = next_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < size(); ++i)
        if (host& h = (*this)[(start + i) % size()]; h.inbox_.is_idle())
            return h;
    return (*this)[start % size()];
}

void worker_pool::wake_searcher(search seen) noexcept {
    if (!search_.compare_exchange_strong(seen, search::awake,
                                         std::memory_order_seq_cst))
        return;
    if (seen == search::asleep) {
        sleeping_searcher_.load(std::memory_order_relaxed)
            ->wake();  // false if it is awake
        return;
    }
    while (!wake_an_idle_one()) {
        search_.store(search::crowded, std::memory_order_seq_cst);
        // A worker that went idle just now has not seen `crowded`.
        bool idle = std::any_of(workers_.begin(), workers_.end(),
                                [](auto& w) { return w->inbox_.is_idle(); });
        seen = search::crowded;
        if (!idle || !search_.compare_exchange_strong(seen, search::awake,
                                                      std::memory_order_seq_cst))
            return;
    }
}

bool worker_pool::wake_an_idle_one() noexcept {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](auto& w) {  // looks first: the exchange takes its cache line
                           return w->inbox_.is_idle() && w->wake_to_search();
                       });
}

bool worker_pool::find_work(host& me) noexcept {
    worker& w = *me.worker_;
    if (stopped())
        return false;
    if (!w.is_searcher)
        return steal(me, false);
    auto alone = [this] { return active_.load(std::memory_order_seq_cst) <= 1; };
    if (alone())
        return false;
    time_point now = me.read_clock();
    bool due = now >= std::exchange(w.look_at, time_point::max());
    if (!due)
        look_around(me);
    bool found = steal(me, due);
    for (time_point end = now + patience; !found && now < end; now = me.read_clock()) {
        for (int i = 0; i < 20; ++i)
            back_off()();
        if (alone())
            return false;
        if (me.inbox_.has_mail())
            return me.take_inbox_shared();
        found = steal(me, false);
    }
    found = found || (!due && steal(me, true));
    if (!found)
        look_around(me);
    return found;
}

/// Steals from some worker; returns whether `me` has work now. `stalled_too`:
/// look_around() was called a while ago, and a worker that has run no task since is
/// stalled.
bool worker_pool::steal(host& me, bool stalled_too) noexcept {
    std::size_t n = size();
    std::size_t start = me.random_below(static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) {
        host& victim = (*this)[(start + i) % n];
        if (&victim == &me)
            continue;
        worker& theirs = *victim.worker_;
        bool stalled =
            stalled_too && !victim.inbox_.is_idle() &&
            theirs.turns.load(std::memory_order_relaxed) == theirs.turns_seen;
        if (stalled)
            me.expire_for(victim);
        std::uint32_t ready = theirs.ready.load(std::memory_order_relaxed);
        if ((ready > 1 || (stalled && (ready == 1 || victim.inbox_.has_mail()))) &&
            me.steal_from(victim, stalled))
            return true;
    }
    return me.worker_->ready.load(std::memory_order_relaxed) != 0;  // from expire_for()
}

/// Notes how many tasks each worker has run: one that has run no more at the next look
/// is stalled.
void worker_pool::look_around(host& me) noexcept {
    for (auto& h : workers_)
        if (h.get() != &me)
            h->worker_->turns_seen = h->worker_->turns.load(std::memory_order_relaxed);
}

void worker_pool::end_search(host& me) noexcept {
    worker& w = *me.worker_;
    w.is_searcher = false;
    w.look_at = time_point::max();
    w.found_at = me.read_clock();
    search_.store(search::none, std::memory_order_seq_cst);
    wake_searcher(search::none);  // there may be more, here or where this came from
}

void worker_pool::before_idle(host& me) noexcept {
    worker& w = *me.worker_;
    bool others = active_.load(std::memory_order_seq_cst) > 1 && !stopped();
    if (!w.is_searcher) {
        search seen = search_.load(std::memory_order_seq_cst);
        if (!others || (seen != search::none && seen != search::crowded) ||
            !search_.compare_exchange_strong(seen, search::awake,
                                             std::memory_order_seq_cst))
            return;
        w.is_searcher = true;
        // Tasks that talk to each other are faster on one thread: a worker that stole
        // such tasks and had little to do backs off, and is woken early no more. Who
        // has looked in vain sleeps longer, but says nothing against the next burst.
        if (me.read_clock() - w.found_at >= worthwhile) {
            pause_ = first_pause;
            short_finds_ = 0;
        } else {
            ++short_finds_;
        }
        look_around(me);
    }
    if (others) {
        w.look_at = me.read_clock() + pause_;
        backs_off_.store(short_finds_ >= enough, std::memory_order_relaxed);
        pause_ = std::min(2 * pause_, last_pause);
        sleeping_searcher_.store(&me, std::memory_order_relaxed);
        search_.store(search::asleep, std::memory_order_seq_cst);
    } else {
        w.is_searcher = false;
        w.look_at = time_point::max();
        search_.store(search::none, std::memory_order_seq_cst);
    }
}

/// Another thread may drain `me` by now.
void worker_pool::after_idle(host& me, bool is_searcher) noexcept {
    bool last = active_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    search seen = search_.load(std::memory_order_seq_cst);
    if (seen == search::crowded || (seen == search::none && !last && !stopped()))
        wake_searcher(seen);  // the pushes of others woke no worker before
    else if (seen == search::asleep && last)
        sleeping_searcher_.load(std::memory_order_relaxed)
            ->wake();  // there is nothing to search
    else if (seen == search::awake && is_searcher)
        me.wake();  // a thread that woke it found it busy
}

// -- the end ------------------------------------------------------------------------

/// The workers end together, as a task that is registered at one may be queued at
/// another. The tasks that are left then are owned by the handlers of Asio operations.
/// The home of each becomes the worker where it is registered, since that worker lives
/// as long as the task.
void worker_pool::shut() noexcept {
    stop();
    for (auto& w : workers_)
        w->close_doors();
    for (bool again = true; again;) {
        again = false;
        for (auto& w : workers_)
            again |= w->sweep();
    }
    for (auto& w : workers_)  // no worker sweeps its registry any more
        while (w->sweep_queue() || !w->inbox_.seal()) {
        }
    for (auto& w : workers_)
        w->bring_home();
}

void worker_pool::release() noexcept {
    for (auto& w : workers_)
        w->end_handed_over();
    workers_.clear();
}

}  // namespace heddle::detail
