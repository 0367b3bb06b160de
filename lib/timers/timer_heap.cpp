// SPDX-License-Identifier: BSL-1.0
// The pairing heap is that of Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap",
// 1986; the wheel is that of Varghese, Lauck, "Hashed and hierarchical timing wheels",
// 1987.
#include <heddle/detail/timers/timer_heap.hpp>

#include <array>
#include <bit>
#include <new>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Lists of timers, by the highest digit in which their moment differs from `start_`: a
/// list of level 0 covers one unit of time, a list of level 1 covers 64 units, and so
/// on. A list consists of several chains, so that a walk waits for several cache lines
/// at once. Invariants:
///   [later]  the timers in the wheel are due at `start_` or later.
///   [level]  a timer in level n differs from `start_` in digit n, or did so when it
///            was put in. So the list of each level into which `start_` itself falls
///            must be spread first.
class timer_heap::wheel {
public:
    using moment = std::uint64_t;     // a time in units
    static constexpr int levels = 6;  // they cover two years
    static constexpr std::size_t chains = 8;
    using list = std::array<timer_entry*, chains>;

    /// Calls visit(timer) for each timer of the list; visit may link the timer
    /// elsewhere.
    template <class Visit>
    static void walk(list all, Visit visit) {
        for (bool more = true; more;) {
            more = false;
            for (timer_entry*& first : all)
                if (first) {
                    timer_entry* t = std::exchange(first, first->next);
                    prefetch(first);
                    visit(*t);
                    more = true;
                }
        }
    }

    static moment of(time_point t) noexcept {
        auto n = t.time_since_epoch().count();
        return n < 0 ? 0 : static_cast<moment>(n) >> unit_bits;
    }

    moment start() const noexcept { return start_; }
    void start_at(moment m) noexcept { start_ = m; }  // Requires: the wheel is empty

    /// Returns false if the timer is due before start(), or too late for the wheel.
    bool put(timer_entry& t) noexcept {
        moment m = of(t.deadline);
        if (m < start_)
            return false;
        auto level =
            static_cast<unsigned>(std::bit_width((m ^ start_) | 1) - 1) / digit;
        if (level >= levels)
            return false;
        auto slot = (m >> (level * digit)) % slots;
        auto at = (level * slots + slot) * chains + t.order % chains;
        timer_entry*& first = lists_[at / chains][at % chains];
        t.list = static_cast<std::uint16_t>(at + 1);
        t.prev = nullptr;
        t.next = first;
        if (first)
            first->prev = &t;
        first = &t;
        used_[level] |= std::uint64_t{1} << slot;
        return true;
    }

    void take(timer_entry& t) noexcept {
        std::size_t at = (t.list - 1u) / chains;
        (t.prev ? t.prev->next : lists_[at][(t.list - 1u) % chains]) = t.next;
        if (t.next)
            t.next->prev = t.prev;
        if (lists_[at] == list{})
            used_[at / slots] &= ~(std::uint64_t{1} << at % slots);
        t.list = 0;
    }

    /// Moves start() forward and takes out a list, whose timers may go back to lower
    /// levels. Requires: the wheel is not empty.
    list take_first() noexcept {
        for (unsigned level = levels - 1; level > 0; --level)  // [level]
            if (auto slot = (start_ >> (level * digit)) % slots;
                used_[level] >> slot & 1)
                return take_list(level, slot);
        unsigned level = 0;
        while (used_[level] == 0)
            ++level;
        auto slot = static_cast<moment>(std::countr_zero(used_[level]));
        unsigned below = level * digit;
        start_ = (((start_ >> below) & ~moment{slots - 1}) + slot) << below;
        list first = take_list(level, slot);
        if (level == 0)
            ++start_;
        return first;
    }

    /// Takes out all timers, in no order.
    template <class Visit>
    void empty(Visit visit) noexcept {
        for (unsigned level = 0; level < levels; ++level)
            while (used_[level] != 0)
                walk(take_list(level,
                               static_cast<moment>(std::countr_zero(used_[level]))),
                     visit);
    }

private:
    static constexpr int unit_bits = 20;  // a unit is 2^20 ns, about 1 ms
    static constexpr unsigned digit = 6;
    static constexpr std::size_t slots = 1 << digit;

    list take_list(unsigned level, moment slot) noexcept {
        used_[level] &= ~(std::uint64_t{1} << slot);
        return std::exchange(lists_[level * slots + slot], list{});
    }

    moment start_ = 0;
    std::uint64_t used_[levels] = {};
    list lists_[levels * slots] = {};
};

timer_heap::~timer_heap() { delete wheel_; }

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

/// Merges in two passes: first pairs from left to right, then the pairs from right to
/// left.
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

/// Leaves `parent` one child, its successor, and returns that. The merge need not be done
/// again when the parent leaves the heap.
timer_entry* timer_heap::merge_children(timer_entry& parent) noexcept {
    timer_entry* only = merge_siblings(parent.child);
    parent.child = only;
    if (only)
        only->prev = &parent;
    return only;
}

void timer_heap::push(timer_entry& t) noexcept {
    t.list = 0;
    t.child = t.next = t.prev = nullptr;
    root_ = meld(root_, &t);
    ++near_;
}

/// Puts the timer into the wheel, or, if the wheel does not take it, into the heap.
void timer_heap::place(timer_entry& t) noexcept {
    if (wheel_ && wheel_->put(t))
        ++far_;
    else
        push(t);
}

void timer_heap::insert(timer_entry& t) noexcept {
    t.order = ++inserted_;
    t.queued = true;
    count(1);
    t.list = timer_entry::fresh;
    t.prev = nullptr;
    t.next = fresh_;
    if (fresh_)
        fresh_->prev = &t;
    fresh_ = &t;
}

void timer_heap::place_fresh() noexcept {
    for (timer_entry* t = std::exchange(fresh_, nullptr); t;) {
        place(*std::exchange(t, t->next));
        if (near_ > crowded_)
            rebase();
    }
}

/// Runs each time the heap has doubled. It restarts the wheel just after the first
/// deadline, so that later timers that are inserted from now on go to the wheel, and
/// places anew the timers that were in the wheel.
void timer_heap::rebase() noexcept {
    crowded_ = 2 * near_;
    if (!wheel_ && !(wheel_ = new (std::nothrow) wheel))
        return;
    turn_wheel();
    timer_entry* all = nullptr;
    wheel_->empty([&](timer_entry& t) { t.next = std::exchange(all, &t); });
    far_ = 0;
    wheel_->start_at(wheel::of(root_->deadline) + 1);
    while (all)
        place(*std::exchange(all, all->next));
}

/// Turns the wheel until the first timer of the heap is due before all timers in the
/// wheel.
void timer_heap::turn_wheel() noexcept {
    while (far_ != 0 && (!root_ || wheel::of(root_->deadline) >= wheel_->start()))
        turn_wheel_once();
}

void timer_heap::turn_wheel_once() noexcept {
    wheel::walk(wheel_->take_first(), [this](timer_entry& t) {
        --far_;
        place(t);
    });
}

timer_entry* timer_heap::front() noexcept {
    if (fresh_)
        place_fresh();
    turn_wheel();
    return root_;
}

time_point timer_heap::first_after(time_point t) noexcept {
    if (fresh_)
        place_fresh();
    for (;;) {
        timer_entry* e = root_;
        for (std::uint32_t passed = 0; e && e->deadline <= t; ++passed) {
            if (passed == few)
                return time_point::max();
            e = merge_children(*e);
        }
        if (far_ == 0 || (e && wheel::of(e->deadline) < wheel_->start()))
            return e ? e->deadline : time_point::max();
        turn_wheel_once();
    }
}

void timer_heap::erase(timer_entry& t) noexcept {
    t.queued = false;
    count(-1);
    if (t.list == timer_entry::fresh) {
        (t.prev ? t.prev->next : fresh_) = t.next;
        if (t.next)
            t.next->prev = t.prev;
        return;
    }
    if (t.list != 0) {
        wheel_->take(t);
        --far_;
        return;
    }
    if (--near_ == 0)
        crowded_ = few;
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
