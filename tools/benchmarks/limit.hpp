// SPDX-License-Identifier: BSL-1.0
// A coroutine runtime by hand, for one thread, with channels of int and nothing else.
// No Asio, no cancellation, no exceptions, no dump. LIMIT_LOCK=1 takes the locked
// instructions that a program of several threads needs; LIMIT_LOCK=0 takes none.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace limit {

// ---- what a lock costs ----

#if LIMIT_LOCK
class spin_lock {
public:
    void lock() {
        while (held_.exchange(true, std::memory_order_acquire)) {
        }
    }
    void unlock() { held_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> held_ = false;
};
using word = std::atomic<long>;
inline bool claim(word& winner, long index) {
    long open = -1;
    return winner.compare_exchange_strong(open, index, std::memory_order_acq_rel);
}
inline long decrement(word& count) {
    return count.fetch_sub(1, std::memory_order_acq_rel) - 1;
}
#else
struct spin_lock {
    void lock() {}
    void unlock() {}
};
using word = long;
inline bool claim(word& winner, long index) {
    if (winner != -1)
        return false;
    winner = index;
    return true;
}
inline long decrement(word& count) { return --count; }
#endif

// ---- frames: bump allocation, one free list per size ----

class frame_pool {
public:
    void* allocate(std::size_t size) {
        auto slot = slot_of(size);
        if (slot >= slots)
            return ::operator new(size);
        if (auto* frame = free_[slot]) {
            free_[slot] = frame->next;
            return frame;
        }
        size = slot * step;
        if (std::size_t(end_ - begin_) < size) {
            begin_ = static_cast<char*>(::operator new(chunk));
            end_ = begin_ + chunk;
        }
        return std::exchange(begin_, begin_ + size);
    }
    void deallocate(void* frame, std::size_t size) {
        auto slot = slot_of(size);
        if (slot >= slots)
            return ::operator delete(frame);
        free_[slot] = new (frame) free_frame{free_[slot]};
    }

private:
    struct free_frame {
        free_frame* next;
    };
    static constexpr std::size_t step = 32, slots = 64, chunk = 1 << 16;
    static std::size_t slot_of(std::size_t size) { return (size + step - 1) / step; }

    free_frame* free_[slots] = {};
    char* begin_ = nullptr;
    char* end_ = nullptr;
};

inline constinit frame_pool frames;

// ---- processes and their run queue ----

struct process {
    struct promise_type;
    promise_type* self;
};

struct process::promise_type {
    promise_type* next = nullptr;

    static void* operator new(std::size_t size) { return frames.allocate(size); }
    static void operator delete(void* frame, std::size_t size) {
        frames.deallocate(frame, size);
    }

    process get_return_object() { return {this}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept;
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
};

using handle = std::coroutine_handle<process::promise_type>;

class run_queue {
public:
    void push(process::promise_type* p) {
        p->next = nullptr;
        *(last_ ? &last_->next : &first_) = p;
        last_ = p;
    }
    std::coroutine_handle<> next() {
        auto* p = first_;
        if (!p)
            return std::noop_coroutine();
        first_ = p->next;
        if (!first_)
            last_ = nullptr;
        return handle::from_promise(*p);
    }
    void run() {
        while (first_)
            next().resume();
    }

private:
    process::promise_type* first_ = nullptr;
    process::promise_type* last_ = nullptr;
};

inline constinit run_queue ready;

inline auto process::promise_type::final_suspend() noexcept {
    struct end {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(handle h) noexcept {
            h.destroy();
            return ready.next();
        }
        void await_resume() noexcept {}
    };
    return end();
}

inline void spawn(process p) { ready.push(p.self); }

// ---- channels ----

struct waiter {
    waiter* next = nullptr;
    waiter* prev = nullptr;
    process::promise_type* waiting = nullptr;
    int* value = nullptr;
    word* winner = nullptr;  // of the select this waiter is an arm of
    int index = 0;
    bool linked = false;
    bool delivered = false;
};

class waiter_list {
public:
    bool empty() const { return !first_; }
    void push(waiter* w) {
        w->next = nullptr;
        w->prev = last_;
        w->linked = true;
        *(last_ ? &last_->next : &first_) = w;
        last_ = w;
    }
    waiter* pop() {
        auto* w = first_;
        if (w)
            erase(w);
        return w;
    }
    void erase(waiter* w) {
        *(w->prev ? &w->prev->next : &first_) = w->next;
        *(w->next ? &w->next->prev : &last_) = w->prev;
        w->linked = false;
    }

private:
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

class channel {
public:
    explicit channel(unsigned capacity = 0)
        : capacity_(capacity), buffer_(capacity ? new int[capacity] : nullptr) {}

    struct send_op {
        channel& c;
        int value;
        waiter self = {};

        send_op(channel& to, int v) : c(to), value(v) {}
        bool await_ready() {
            c.lock_.lock();
            return c.send_locked(value);  // if not: locked until it is enlisted
        }
        std::coroutine_handle<> await_suspend(handle h) {
            self.waiting = &h.promise();
            self.value = &value;
            c.senders_.push(&self);
            c.lock_.unlock();
            return ready.next();
        }
        void await_resume() {}
    };

    struct receive_op {
        channel& c;
        int& value;
        waiter self = {};

        receive_op(channel& from, int& v) : c(from), value(v) {}
        bool await_ready() {
            c.lock_.lock();
            if (c.receive_locked(value))
                return self.delivered = true;
            if (!c.closed_)
                return false;  // locked until it is enlisted
            c.lock_.unlock();
            return true;
        }
        std::coroutine_handle<> await_suspend(handle h) {
            self.waiting = &h.promise();
            self.value = &value;
            c.receivers_.push(&self);
            c.lock_.unlock();
            return ready.next();
        }
        bool await_resume() { return self.delivered; }
    };

    send_op send(int v) { return send_op(*this, v); }
    receive_op receive(int& v) { return receive_op(*this, v); }

    void close() {
        waiter_list released;
        lock_.lock();
        closed_ = true;
        while (auto* r = claimed_receiver_locked())
            released.push(r);
        lock_.unlock();
        while (auto* r = released.pop())
            ready.push(r->waiting);
    }

private:
    friend class select_op;

    waiter* claimed_receiver_locked() {
        while (auto* r = receivers_.pop())
            if (!r->winner || claim(*r->winner, r->index))
                return r;
        return nullptr;
    }

    /// Unlocks if it has sent.
    bool send_locked(int value) {
        if (auto* r = claimed_receiver_locked()) {
            *r->value = value;
            r->delivered = true;
            lock_.unlock();
            ready.push(r->waiting);
            return true;
        }
        if (size_ == capacity_)
            return false;
        append_locked(value);
        lock_.unlock();
        return true;
    }

    /// Unlocks if it has received.
    bool receive_locked(int& value) {
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
        lock_.unlock();
        if (s)
            ready.push(s->waiting);
        return true;
    }

    void append_locked(int value) {
        auto last = first_ + size_++;
        buffer_[last < capacity_ ? last : last - capacity_] = value;
    }

    spin_lock lock_;
    bool closed_ = false;
    unsigned capacity_;
    unsigned first_ = 0;
    unsigned size_ = 0;
    std::unique_ptr<int[]> buffer_;
    waiter_list receivers_;
    waiter_list senders_;
};

/// A receive from whichever channel has a value: O(K), a rotating start for fairness,
/// and one lock at a time, which is sound on one thread only.
class select_op {
public:
    select_op(std::vector<waiter>& arms, std::deque<channel>& channels, int start,
              int& value)
        : arms_(arms), channels_(channels), start_(start), value_(value) {}

    bool await_ready() {
        auto count = int(channels_.size());
        for (int i = start_, polled = 0; polled < count; ++polled, ++i) {
            if (i == count)
                i = 0;
            if (!try_receive(i))
                continue;
            winner_ = i;
            return true;
        }
        return false;
    }
    std::coroutine_handle<> await_suspend(handle h) {
        for (int i = 0; i < int(channels_.size()); ++i) {
            auto& arm = arms_[std::size_t(i)];
            arm = {.waiting = &h.promise(),
                   .value = &value_,
                   .winner = &winner_,
                   .index = i};
            auto& c = channels_[std::size_t(i)];
            c.lock_.lock();
            c.receivers_.push(&arm);
            c.lock_.unlock();
        }
        enlisted_ = true;
        return ready.next();
    }
    int await_resume() {
        if (enlisted_)
            for (std::size_t i = 0; i < channels_.size(); ++i)
                withdraw(channels_[i], arms_[i]);
        return int(winner_);
    }

private:
    bool try_receive(int i) {
        auto& c = channels_[std::size_t(i)];
        if (!c.size_ && c.senders_.empty())
            return false;
        c.lock_.lock();
        return c.receive_locked(value_);
    }
    void withdraw(channel& c, waiter& arm) {
        if (arm.index == winner_)
            return;
        c.lock_.lock();
        if (arm.linked)
            c.receivers_.erase(&arm);
        c.lock_.unlock();
    }

    std::vector<waiter>& arms_;
    std::deque<channel>& channels_;
    int start_;
    int& value_;
    word winner_ = -1;
    bool enlisted_ = false;
};

/// Waits until done() was called `count` times.
class join {
public:
    explicit join(long count) : left_(count + 1) {}
    void done() {
        if (decrement(left_) == 0)
            ready.push(waiting_);
    }
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(handle h) {
        waiting_ = &h.promise();
        done();
        return ready.next();
    }
    void await_resume() {}

private:
    word left_;
    process::promise_type* waiting_ = nullptr;
};

}  // namespace limit
