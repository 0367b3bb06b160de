// SPDX-License-Identifier: BSL-1.0
// A pairing heap: Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap", 1986.
#include <heddle/detail/timer_heap.hpp>

#include <utility>

namespace heddle::detail {

timer_entry* timer_heap::meld(timer_entry* a, timer_entry* b) noexcept {
    if (!a || !b)
        return a ? a : b;
    if (before(*b, *a))
        std::swap(a, b);
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/// Two passes: pairs from left to right, then all of them from right to left.
timer_entry* timer_heap::merge_siblings(timer_entry* first) noexcept {
    timer_entry* pairs = nullptr;  // the last pair first, linked by next
    while (first) {
        timer_entry* a = first;
        timer_entry* b = a->next;
        first = b ? b->next : nullptr;
        a->next = a->prev = nullptr;
        if (b)
            b->next = b->prev = nullptr;
        timer_entry* pair = meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    timer_entry* all = nullptr;
    while (pairs) {
        timer_entry* next = std::exchange(pairs->next, nullptr);
        all = meld(all, pairs);
        pairs = next;
    }
    return all;
}

void timer_heap::insert(timer_entry& t) noexcept {
    t.order = ++inserted_;
    t.child = t.next = t.prev = nullptr;
    t.queued = true;
    root_ = meld(root_, &t);
}

void timer_heap::erase(timer_entry& t) noexcept {
    t.queued = false;
    if (&t == root_) {
        root_ = merge_siblings(t.child);
    } else {
        (t.prev->child == &t ? t.prev->child : t.prev->next) = t.next;
        if (t.next)
            t.next->prev = t.prev;
        root_ = meld(root_, merge_siblings(t.child));
    }
    if (root_)
        root_->prev = root_->next = nullptr;
}

}  // namespace heddle::detail
