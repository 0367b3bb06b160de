// SPDX-License-Identifier: BSL-1.0
#include "core/context_core.hpp"

#include "platform/comes_free.hpp"
#include "platform/port.hpp"
#include "platform/random.hpp"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

/// The hosts of all contexts that this process uses. The child of a fork has no thread
/// that runs a context of its parent; if it goes on with one, it calls notify_fork.
atomic<std::size_t> all_hosts{0};

/// How many forks led to this process. It is written while there is one thread.
unsigned forks = 0;

/// All contexts, the newest first. They are taken out when they are destroyed.
intrusive_list<context_core, &context_core::in_process>
    contexts;  // guarded by its lock
spin_lock lock_of_contexts;

[[maybe_unused]] const bool counts_anew =
    port::at_fork([] { lock_of_contexts.lock(); }, [] { lock_of_contexts.unlock(); },
                  [] {
                      lock_of_contexts.unlock();
                      all_hosts.store(0, std::memory_order_relaxed);
                      ++forks;
                  });

}  // namespace

context_core::context_core(std::optional<std::uint64_t> seed, bool virtual_clock,
                           chooser* explorer)
    : random_(seed ? *seed
                   : (std::uint64_t{std::random_device{}()} << 32) ^
                         std::random_device{}()),
      seeded_(seed.has_value()), virtual_(virtual_clock), chooser_(explorer),
      used_after_(forks) {
    guard g(lock_of_contexts);
    contexts.push_front(*this);
}

context_core::~context_core() {
    guard g(lock_of_contexts);
    contexts.erase(*this);
}

std::uint64_t context_core::next_seed() noexcept {
    guard g(lock_);
    return random_ += golden_gamma;
}

void context_core::add(context_member& h) noexcept {
    guard g(lock_);
    if (!is_shut()) {
        h.counted_ = true;
        ++hosts_;
        if (used_here())
            detail::add<std::size_t>(all_hosts, 1, std::memory_order_relaxed);
    }
    members_.push_front(h);
}

void context_core::leave(context_member& h) noexcept {
    guard g(lock_);
    if (std::exchange(h.counted_, false)) {
        --hosts_;
        if (used_here())
            detail::add(all_hosts, ~std::size_t{0}, std::memory_order_relaxed);
    }
}

void context_core::remove(context_member& h) noexcept {
    leave(h);
    guard g(lock_);
    members_.erase(h);
}

bool context_core::outsiders() noexcept {
    guard g(lock_);
    return all_hosts.load(std::memory_order_relaxed) > (used_here() ? hosts_ : 0);
}

bool context_core::used_here() const noexcept { return used_after_ == forks; }

void context_core::use_in_child() noexcept {
    guard g(lock_);
    if (!used_here())
        detail::add(all_hosts, hosts_, std::memory_order_relaxed);
    used_after_ = forks;
}

std::size_t
context_core::sum(std::size_t (context_member::*count)() noexcept) noexcept {
    guard g(lock_);
    std::size_t n = 0;
    for (context_member& h : members_)
        n += (h.*count)();
    return n;
}

void context_core::describe_all(std::string& to) {
    if (!comes_free(lock_of_contexts)) {
        (to += stopped_inside) += '\n';
        return;
    }
    std::vector<std::shared_ptr<context_core>> all;
    for (bool fit = false; !fit;) {
        std::size_t n = 0;
        {
            guard g(lock_of_contexts);
            for ([[maybe_unused]] context_core& c : contexts)
                ++n;
            fit = n <= all.capacity();
            for (context_core& c : contexts)
                if (fit)
                    if (auto held = c.weak_from_this().lock())  // else it ends just now
                        all.push_back(std::move(held));
        }
        all.reserve(n);  // without the lock: it may throw
    }
    for (auto c = all.rbegin(); c != all.rend(); ++c)
        (*c)->describe(to);
}

void context_core::describe(std::string& to) {
    if (!comes_free(lock_)) {
        (to += stopped_inside) += '\n';
        return;
    }
    std::vector<counted<context_member>> hosts;
    for (bool fit = false; !fit;) {
        std::size_t n = 0;
        {
            guard g(lock_);
            for ([[maybe_unused]] context_member& h : members_)
                ++n;
            fit = n <= hosts.capacity();
            for (context_member& h : members_)
                if (fit && h.take_if_any())
                    hosts.push_back(counted<context_member>::adopt(&h));
        }
        hosts.reserve(n);  // without the lock: it may throw
    }
    for (auto& h : hosts)
        h->describe(to);
}

/// The first deadline of all hosts; max() if there is none. Requires: lock_.
time_point context_core::first_deadline() noexcept {
    time_point first = time_point::max();
    for (context_member& h : members_)
        first = std::min(first, h.first_deadline());
    return first;
}

bool context_core::has_deadline() noexcept {
    guard g(lock_);
    time_point first = first_deadline();
    return first != time_point::max() && first > virtual_now();
}

bool context_core::advance(time_point limit) noexcept {
    guard g(lock_);
    time_point next = first_deadline();
    bool due = next <= limit && next != time_point::max();
    if (!due && limit == time_point::max())
        return false;
    next = std::max(due ? next : limit,
                    virtual_now());  // a timer may have been set to a time in the past
    now_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
    if (!due)
        return false;
    for (context_member& h : members_)
        h.poke();
    return true;
}

void context_core::on_unhandled(std::function<void(std::exception_ptr)> f) {
    std::shared_ptr<const std::function<void(std::exception_ptr)>> made;
    if (f)
        made = std::make_shared<const std::function<void(std::exception_ptr)>>(
            std::move(f));
    guard g(lock_);
    std::swap(on_unhandled_, made);
}

std::shared_ptr<const std::function<void(std::exception_ptr)>>
context_core::unhandled() const {
    guard g(lock_);
    return on_unhandled_;
}

void context_core::wait_for_posting() noexcept {
    while (posting.load(std::memory_order_seq_cst) != 0)  // [posting]
        yield_until_changed(posting);
    while (somebody_comes())  // [homecoming]
        yield_until_changed(coming.n);
}

void context_core::shut_hosts() noexcept {
    for (;;) {
        counted<context_member> next;
        bool going = false;  // another thread destroys a host, which still uses this
        {
            guard g(lock_);
            for (context_member& h : members_) {
                if (h.is_shut())
                    continue;
                if (h.take_if_any()) {
                    next = counted<context_member>::adopt(&h);
                    break;
                }
                going = true;
            }
        }
        if (next)
            next->shut();
        else if (going)
            yield_until_changed(all_hosts);
        else
            break;
    }
}

}  // namespace heddle::detail
