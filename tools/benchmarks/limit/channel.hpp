// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "runtime.hpp"

#include <memory>
#include <span>
#include <utility>

namespace limit {

/// A select that waits: the arm that won, and the number of those that have arrived of two: the
/// task that enlists it, and the one that claims it. The second to arrive wakes it.
struct choice {
    word winner = -1;
    word arrived = 0;
};

template <class T>
struct waiter {
    waiter* next = nullptr;
    waiter* prev = nullptr;
    process::promise_type* waiting = nullptr;
    T* value = nullptr;
    choice* select = nullptr;  // of which this is an arm
    int index = 0;
    bool linked = false;
    bool delivered = false;

    /// The waiter has been claimed, and has its value.
    void wake() {
        auto* p = waiting;
#if LIMIT >= 2
        if (select && select->arrived.fetch_add(1, std::memory_order_acq_rel) == 0)
            return;  // it is still being enlisted, and will notice
#endif
        ready.push(p);
    }
};

template <class T>
class waiter_list {
public:
    bool empty() const { return !first_; }
    void push(waiter<T>* w) {
        w->next = nullptr;
        w->prev = last_;
        w->linked = true;
        *(last_ ? &last_->next : &first_) = w;
        last_ = w;
    }
    waiter<T>* pop() {
        auto* w = first_;
        if (w)
            erase(w);
        return w;
    }
    void erase(waiter<T>* w) {
        *(w->prev ? &w->prev->next : &first_) = w->next;
        *(w->next ? &w->next->prev : &last_) = w->prev;
        w->linked = false;
    }

private:
    waiter<T>* first_ = nullptr;
    waiter<T>* last_ = nullptr;
};

template <class T>
class select_op;
template <class T>
class mux;

template <class T>
class channel {
public:
    explicit channel(unsigned capacity = 0)
        : capacity_(capacity), buffer_(capacity ? new T[capacity] : nullptr) {}

    struct send_op {
        channel& c;
        T value;
        waiter<T> self = {};

        send_op(channel& to, T v) : c(to), value(v) {}
        bool await_ready() {
            c.lock_.lock();
            return c.send_locked(value);  // if it fails, locked until it is enlisted
        }
        std::coroutine_handle<> await_suspend(handle h) {
            self.waiting = &h.promise();
            self.value = &value;
            c.senders_.push(&self);
            if (c.mux_)
                c.mux_->announce(c);
            c.unlock();
            return ready.next();
        }
        void await_resume() {}
    };

    struct receive_op {
        channel& c;
        T& value;
        waiter<T> self = {};

        receive_op(channel& from, T& v) : c(from), value(v) {}
        bool await_ready() {
            c.lock_.lock();
            if (c.receive_locked(value))
                return self.delivered = true;
            if (!c.closed_)
                return false;  // locked until it is enlisted
            c.unlock();
            return true;
        }
        std::coroutine_handle<> await_suspend(handle h) {
            self.waiting = &h.promise();
            self.value = &value;
            c.receivers_.push(&self);
            c.unlock();
            return ready.next();
        }
        bool await_resume() { return self.delivered; }
    };

    send_op send(T v) { return send_op(*this, v); }
    receive_op receive(T& v) { return receive_op(*this, v); }

    void close() {
        waiter_list<T> released;
        lock_.lock();
        closed_ = true;
        while (auto* r = claimed_receiver_locked())
            released.push(r);
        unlock();
        while (auto* r = released.pop())
            r->wake();
    }

private:
    friend class select_op<T>;
    friend class mux<T>;

    waiter<T>* claimed_receiver_locked() {
        while (auto* r = receivers_.pop())
            if (!r->select || claim(r->select->winner, r->index))
                return r;
        return nullptr;
    }

    /// Unlocks if it has sent the value.
    bool send_locked(T value) {
        if (auto* r = claimed_receiver_locked()) {
            *r->value = value;
            r->delivered = true;
            unlock();
            r->wake();
            return true;
        }
        if (size_ == capacity_)
            return false;
        append_locked(value);
        unlock();
        return true;
    }

    bool something_locked() const { return size_ || !senders_.empty(); }

#if LIMIT >= 2
    /// A select may ask this without the lock.
    bool something() const { return offers_.load(std::memory_order_relaxed); }
    void unlock() {
        offers_.store(something_locked(), std::memory_order_relaxed);
        lock_.unlock();
    }
    std::atomic<bool> offers_ = false;
#else
    bool something() const { return something_locked(); }
    void unlock() { lock_.unlock(); }
#endif

    /// Unlocks if it has received a value.
    bool receive_locked(T& value) {
        if (size_) {
            value = buffer_[first_];
            if (++first_ == capacity_)
                first_ = 0;
            --size_;
        } else if (senders_.empty()) {
            return false;
        }
        auto* s = senders_.pop();
        if (s && capacity_)
            append_locked(*s->value);
        else if (s)
            value = *s->value;
        unlock();
        if (s)
            s->wake();
        return true;
    }

    void append_locked(T value) {
        auto last = first_ + size_++;
        buffer_[last < capacity_ ? last : last - capacity_] = value;
    }

    spin_lock lock_;
    bool closed_ = false;
    unsigned capacity_;
    unsigned first_ = 0;
    unsigned size_ = 0;
    std::unique_ptr<T[]> buffer_;
    waiter_list<T> receivers_;
    waiter_list<T> senders_;
    mux<T>* mux_ = nullptr;
    channel* next_announced_ = nullptr;
    bool announced_ = false;
    int index_ = 0;
};

/// A receive from any channel that has a value: O(K), with a rotating start for fairness. It takes
/// one lock at a time, which is sound as no task selects over sends.
template <class T>
class select_op {
public:
    select_op(std::span<waiter<T>> arms, std::span<channel<T>* const> channels,
              int start, T& value)
        : arms_(arms), channels_(channels), start_(start), value_(value) {}

    bool await_ready() {
        const auto count = int(channels_.size());
        for (int i = start_, polled = 0; polled < count; ++polled, ++i) {
            if (i == count)
                i = 0;
            auto& c = *channels_[std::size_t(i)];
            if (!c.something())
                continue;
            c.lock_.lock();
            if (c.receive_locked(value_)) {
                choice_.winner = i;
                return true;
            }
            c.unlock();
        }
        return false;
    }
    std::coroutine_handle<> await_suspend(handle h) {
        const auto count = int(channels_.size());
        for (; enlisted_ < count; ++enlisted_) {
            auto& c = *channels_[std::size_t(enlisted_)];
            auto& arm = arms_[std::size_t(enlisted_)];
            arm = {.waiting = &h.promise(),
                   .value = &value_,
                   .select = &choice_,
                   .index = enlisted_};
            c.lock_.lock();
#if LIMIT >= 2
            if (c.something_locked()) {  // it has come since the poll
                if (claim(choice_.winner, enlisted_)) {
                    c.receive_locked(value_);
                    return h;
                }
                c.unlock();
                break;  // another arm has been claimed
            }
#endif
            c.receivers_.push(&arm);
            c.unlock();
        }
#if LIMIT >= 2
        if (choice_.arrived.fetch_add(1, std::memory_order_acq_rel) != 0)
            return h;
#endif
        return ready.next();
    }
    int await_resume() {
        for (int i = 0; i < enlisted_; ++i)
            if (i != choice_.winner)
                withdraw(*channels_[std::size_t(i)], arms_[std::size_t(i)]);
        return int(choice_.winner);
    }

private:
    void withdraw(channel<T>& c, waiter<T>& arm) {
        c.lock_.lock();
        if (arm.linked)
            c.receivers_.erase(&arm);
        c.unlock();
    }

    std::span<waiter<T>> arms_;
    std::span<channel<T>* const> channels_;
    int start_;
    T& value_;
    choice choice_;
    int enlisted_ = 0;
};

/// The only receiver of some unbuffered channels: channels with a sender are in its list, first
/// come, first served. It is O(1), but it neither chooses at random nor withdraws.
template <class T>
class mux {
public:
    void add(channel<T>& c, int index) {
        c.mux_ = this;
        c.index_ = index;
    }

    /// The lock of the channel is held.
    void announce(channel<T>& c) {
        if (c.announced_)
            return;
        c.announced_ = true;
        c.next_announced_ = nullptr;
        lock_.lock();
        *(first_ ? &last_->next_announced_ : &first_) = &c;
        last_ = &c;
        auto* p = std::exchange(waiting_, nullptr);
        lock_.unlock();
        if (p)
            ready.push(p);
    }

    struct receive_op {
        mux& m;
        T& value;
        bool await_ready() {
            m.lock_.lock();
            return m.first_;  // if it fails, locked until it waits
        }
        std::coroutine_handle<> await_suspend(handle h) {
            waited = true;
            m.waiting_ = &h.promise();
            m.lock_.unlock();
            return ready.next();
        }
        int await_resume() {
            if (waited)
                m.lock_.lock();
            auto& c = *m.first_;
            m.first_ = c.next_announced_;
            m.lock_.unlock();
            c.lock_.lock();
            c.announced_ = false;
            auto* s = c.senders_.pop();
            value = *s->value;
            if (!c.senders_.empty())
                m.announce(c);
            c.unlock();
            s->wake();
            return c.index_;
        }
        bool waited = false;
    };
    receive_op receive(T& value) { return {*this, value}; }

private:
    spin_lock lock_;
    channel<T>* first_ = nullptr;
    channel<T>* last_ = nullptr;
    process::promise_type* waiting_ = nullptr;
};

}  // namespace limit
