// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/agreement.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// The place of an object in an intrusive_list. It means nothing while the object is in
/// no list.
template <class T>
struct list_place {
    list_place() noexcept {}
    list_place(T* p, T* n) noexcept : prev(p), next(n) {}

    T* prev;
    T* next;
};

/// A doubly linked list, through the member `Place` of its elements. Insertion and
/// removal are O(1) and allocate nothing. The list owns nothing and has no lock: its user
/// keeps the elements alive, says which lock guards the list and the places in it, and
/// knows whether an element is in the list. A place serves one list at a time.
///
/// The other lists of the library have forms of their own. The queue of a source
/// (wait_list) is a FIFO in a ring, which one pointer holds. A timer is in a heap or in
/// the wheel: in the heap, `prev` of a first child is the parent, and the wheel takes
/// out a whole chain at once. The FIFO of a host, its inbox and a wake list are singly
/// linked, as a turn goes from one to the other, and mostly from the front.
template <class T, list_place<T> T::* Place>
class intrusive_list {
public:
    bool empty() const noexcept { return !first_; }
    bool has_one() const noexcept { return first_ && !after(*first_); }
    T* front() const noexcept { return first_; }

    /// The element after `x`; null if `x` is the last.
    static T* after(const T& x) noexcept { return (x.*Place).next; }

    void push_front(T& x) noexcept {
        (x.*Place) = {nullptr, first_};
        if (first_)
            (first_->*Place).prev = &x;
        first_ = &x;
    }

    /// Requires: `x` is in this list.
    void erase(T& x) noexcept {
        auto [prev, next] = x.*Place;
        (prev ? (prev->*Place).next : first_) = next;
        if (next)
            (next->*Place).prev = prev;
    }

    /// Takes out the first element; returns null if there is none.
    T* pop_front() noexcept {
        T* x = first_;
        if (x)
            erase(*x);
        return x;
    }

    /// Visits all elements. The list must not change meanwhile.
    class iterator {
    public:
        explicit iterator(T* at) noexcept : at_(at) {}
        T& operator*() const noexcept { return *at_; }
        iterator& operator++() noexcept {
            at_ = after(*at_);
            return *this;
        }
        bool operator==(const iterator&) const = default;

    private:
        T* at_;
    };
    iterator begin() const noexcept { return iterator(first_); }
    iterator end() const noexcept { return iterator(nullptr); }

private:
    T* first_ = nullptr;
};

}  // namespace heddle::detail
