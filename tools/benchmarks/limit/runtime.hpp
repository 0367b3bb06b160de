// SPDX-License-Identifier: BSL-1.0
// A coroutine runtime written by hand. It has no Asio, no cancellation, no exceptions, no dump.
// LIMIT=0 takes no locked instruction, LIMIT=1 takes those that a program of several
// threads needs; both have one thread. LIMIT=2 runs on several: a thread that wakes a process
// runs it next, and a thread that has had nothing to do for a while steals half a queue.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <immintrin.h>

namespace limit {

// ---- what a lock costs ----

#if LIMIT >= 1
class spin_lock {
public:
    void lock() {
        while (held_.exchange(true, std::memory_order_acquire))
            while (held_.load(std::memory_order_relaxed))
                _mm_pause();
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

#if LIMIT >= 2
#define LIMIT_PER_THREAD inline constinit thread_local
#else
#define LIMIT_PER_THREAD inline constinit
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

LIMIT_PER_THREAD frame_pool frames;

// ---- processes ----

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

/// Processes in a row.
class process_list {
public:
    bool empty() const { return !first_; }
    void push(process::promise_type* p) {
        p->next = nullptr;
        *(last_ ? &last_->next : &first_) = p;
        last_ = p;
    }
    process::promise_type* pop() {
        auto* p = first_;
        if (p && !(first_ = p->next))
            last_ = nullptr;
        return p;
    }

private:
    process::promise_type* first_ = nullptr;
    process::promise_type* last_ = nullptr;
};

// ---- the run queue of a thread ----

#if LIMIT >= 2

class worker {
public:
    /// The process runs next here. The one that was to run next joins the queue, where it may be stolen.
    void push(process::promise_type* p) {
        if (auto* before = std::exchange(next_, p))
            append(before);
    }
    std::coroutine_handle<> next(const std::atomic<bool>& stop) {
        auto* p = next_;
        if (stop.load(std::memory_order_relaxed))
            return std::noop_coroutine();
        if (!p ||
            ++turn_ % 64 == 0)  // two that wake each other do not starve the queue
            if (auto* first = take()) {
                return handle::from_promise(*first);
            }
        if (!p)
            return std::noop_coroutine();
        next_ = nullptr;
        return handle::from_promise(*p);
    }
    void run(std::vector<worker>& all, std::atomic<bool>& stop) {
        for (int idle = 0; !stop.load(std::memory_order_relaxed); ++idle) {
            if (next_ || size_.load(std::memory_order_relaxed)) {
                idle = 0;
                next(stop).resume();
                continue;
            }
            for (auto& other : all)
                if (&other != this && idle > 8)
                    steal(other);
            for (int i = 0; i < 16; ++i)
                _mm_pause();
        }
    }

private:
    void append(process::promise_type* p) {
        lock_.lock();
        queue_.push(p);
        size_.store(size_.load(std::memory_order_relaxed) + 1,
                    std::memory_order_relaxed);
        lock_.unlock();
    }
    process::promise_type* take() {
        if (size_.load(std::memory_order_relaxed) == 0)
            return nullptr;
        lock_.lock();
        auto* p = queue_.pop();
        if (p)
            size_.store(size_.load(std::memory_order_relaxed) - 1,
                        std::memory_order_relaxed);
        lock_.unlock();
        return p;
    }
    void steal(worker& other) {
        auto half = (other.size_.load(std::memory_order_relaxed) + 1) / 2;
        for (; half > 0; --half)
            if (auto* p = other.take())
                append(p);
    }

    process::promise_type* next_ = nullptr;
    unsigned turn_ = 0;
    alignas(64) spin_lock lock_;
    process_list queue_;
    std::atomic<long> size_ = 0;
};

inline constinit thread_local worker* here = nullptr;

struct run_queue {
    void push(process::promise_type* p) { here->push(p); }
    std::coroutine_handle<> next() { return here->next(stop_); }
    void stop() { stop_.store(true, std::memory_order_relaxed); }
    void run(unsigned threads) {
        std::vector<worker> workers(threads);
        {
            std::vector<std::jthread> others;
            for (unsigned i = 1; i < threads; ++i)
                others.emplace_back([&, i] {
                    here = &workers[i];
                    here->run(workers, stop_);
                });
            here = &workers[0];
            while (auto* p = first_.pop())
                push(p);
            here->run(workers, stop_);
        }
        here = nullptr;
    }

    process_list first_;
    std::atomic<bool> stop_ = false;
};

#else

class run_queue {
public:
    void push(process::promise_type* p) { queue_.push(p); }
    std::coroutine_handle<> next() {
        auto* p = queue_.pop();
        return p ? std::coroutine_handle<>(handle::from_promise(*p))
                 : std::noop_coroutine();
    }
    void stop() { stop_ = true; }
    /// Runs until no process is ready, or one has stopped it.
    void run(unsigned = 1) {
        while (!queue_.empty() && !stop_)
            next().resume();
    }

private:
    process_list queue_;
    bool stop_ = false;
};

#endif

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

inline void spawn(process p) {
#if LIMIT >= 2
    if (!here)
        return ready.first_.push(p.self);
#endif
    ready.push(p.self);
}

/// Ends a workload: no process runs any more.
struct leave {
    bool await_ready() { return false; }
    void await_suspend(handle) { ready.stop(); }
    void await_resume() {}
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
