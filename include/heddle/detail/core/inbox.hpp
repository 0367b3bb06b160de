// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/operation.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The turns that other threads have queued at a host: a list, last in first, in one
/// word. Invariants:
///   [drainer] the inbox is idle exactly if no thread drains the host and no drain
///             handler is posted; a thread that makes it leave idle drains, or posts
///             the handler.
///   [sealed]  a sealed inbox stays sealed for ever: no thread looks into it any more.
class inbox : pinned {
public:
    enum class sent : std::uint8_t { queued, idle, refused };

    /// Queues r if the inbox is neither idle nor sealed; else returns which of them it
    /// is, and r stays the caller's.
    sent push_if_busy(runnable& r) noexcept {
        runnable* seen = word_.load(std::memory_order_acquire);  // pairs with seal()
        for (;;) {
            if (seen == idle())
                return sent::idle;
            if (seen == sealed())
                return sent::refused;
            r.next_ready = seen;
            if (exchange_if(word_, seen, &r))
                return sent::queued;  // the drainer may be done with this host by now
        }
    }

    /// Queues r if the inbox is idle, and so makes it leave idle [drainer].
    bool push_if_idle(runnable& r) noexcept {
        r.next_ready = nullptr;
        runnable* seen = idle();
        return exchange_if(word_, seen, &r);
    }

    bool is_idle() const noexcept {
        return word_.load(std::memory_order_seq_cst) == idle();
    }

    /// Returns whether something is queued; the answer is a hint.
    bool has_mail() const noexcept {
        runnable* seen = word_.load(std::memory_order_relaxed);
        return seen && seen != idle();
    }

    /// Goes from idle to empty [drainer]. Returns false if it was not idle.
    bool leave_idle() noexcept {
        runnable* seen = idle();
        return exchange_if(word_, seen, static_cast<runnable*>(nullptr));
    }

    /// Goes from empty to idle. Returns false if something is queued.
    bool go_idle() noexcept {
        runnable* none = nullptr;
        return exchange_if(word_, none, idle());
    }
    /// Does the same in one order with all other sequentially consistent operations, as
    /// a worker needs.
    bool go_idle_in_order() noexcept {
        runnable* none = nullptr;
        return word_.compare_exchange_strong(none, idle(), std::memory_order_seq_cst);
    }

    /// Goes from empty to sealed. Returns false if something is queued.
    bool seal() noexcept {
        runnable* none = nullptr;
        return exchange_if(word_, none, sealed());
    }
    /// Seals the inbox of a host that is made in a context that has ended.
    void begin_sealed() noexcept { word_.store(sealed(), std::memory_order_relaxed); }

    /// Takes all that is queued, first in first. Only the drainer calls this.
    runnable* take_all() noexcept {
        if (!word_.load(std::memory_order_relaxed))
            return nullptr;
        return in_order(word_.exchange(nullptr, std::memory_order_acquire));
    }

    /// Does the same for a thread that may not be the only one to take, and may find it
    /// idle.
    runnable* take_all_if_busy() noexcept {
        runnable* list = word_.load(std::memory_order_relaxed);
        while (list && list != idle() &&
               !exchange_if(word_, list, static_cast<runnable*>(nullptr))) {
        }
        return list == idle() ? nullptr : in_order(list);
    }

    void yield_until_changed() const noexcept { detail::yield_until_changed(word_); }

private:
    // Addresses at which there is no object.
    static runnable* idle() noexcept {
        return reinterpret_cast<runnable*>(alignof(runnable));
    }
    static runnable* sealed() noexcept {
        return reinterpret_cast<runnable*>(2 * alignof(runnable));
    }

    static runnable* in_order(runnable* list) noexcept {
        runnable* first = nullptr;
        while (list) {
            runnable* next = list->next_ready;
            list->next_ready = first;
            first = list;
            list = next;
        }
        return first;
    }

    atomic<runnable*> word_{idle()};
};

}  // namespace heddle::detail
