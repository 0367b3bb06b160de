// SPDX-License-Identifier: BSL-1.0
// What every other header builds on. First the seams below the schedule: lock, atomic and yield
// point. Nothing else in the library names a lock or an atomic of its own, so that an explorer
// can put its own here: heddle::model does, in detail/platform/model.hpp.
#pragma once

#include <heddle/detail/platform/agreement.hpp>

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <functional>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HEDDLE_HAS_SINGLE_THREADED 1
#endif

/// What the library defines and headers use. Everything else in it is hidden.
#define HEDDLE_API [[gnu::visibility("default")]]

/// For an await_suspend after which another thread may run the coroutine: inlined, clang
/// before 17 keeps what it has on its stack in the frame (llvm-project issue 56301).
#if defined(__clang__) && __clang_major__ < 17
#define HEDDLE_GIVES_AWAY [[gnu::noinline]]
#else
#define HEDDLE_GIVES_AWAY
#endif

#ifdef HEDDLE_MODEL
#include <heddle/detail/platform/model.hpp>
#else

namespace heddle::detail {

template <class T>
using atomic = std::atomic<T>;

/// Where an explorer may switch threads. Nothing in the shipped library.
inline void yield_point() noexcept {}

/// Comes before what is posted to an executor that another thread may run.
template <class Executor>
void before_post(const Executor&) noexcept {}

/// Gives the core away, as there is nothing to do until another thread has changed that.
template <class T>
void yield_until_changed(const atomic<T>&) noexcept {
    ::sched_yield();
}

/// single_threaded tells whether this process has never started a second thread. While
/// that holds, locks and atomic read-modify-writes are left out: two of them are three
/// quarters of a buffered element's cost. It is said to be likely as a jump costs less beside
/// a locked instruction than without one.
inline bool single_threaded() noexcept {
#ifdef HEDDLE_HAS_SINGLE_THREADED
    return __builtin_expect(__libc_single_threaded != 0, 1);
#else
    return false;
#endif
}

/// What a thread does between two looks at something another one will change.
class HEDDLE_API back_off {
public:
    void operator()() noexcept;  // pause, and from time to time give the core away

private:
    int spins_ = 0;
};

/// A lock for a few instructions. Only the nothrow move of a user's T runs under it.
class HEDDLE_API spin_lock {
public:
    spin_lock() = default;
    /// `shared` false: a promise that one thread at a time, in turn, comes here; the lock
    /// is left out as if there were one thread.
    explicit spin_lock(bool shared) noexcept : shared_(shared) {}

    bool shared() const noexcept { return shared_; }

    void lock() noexcept {
        yield_point();
        while (taken_.exchange(true, std::memory_order_acquire))  // pairs with unlock()
            wait();
    }
    bool try_lock() noexcept {
        yield_point();
        return !taken_.exchange(true, std::memory_order_acquire);
    }
    void unlock() noexcept { taken_.store(false, std::memory_order_release); }

private:
    void wait() const noexcept;

    atomic<bool> taken_{false};
    const bool shared_ = true;
};

/// In which locks are taken that are taken together: by address.
using lock_order = std::less<>;

}  // namespace heddle::detail

#endif

namespace heddle::detail {

/// The compiler moves nothing across it; the processor may.
inline void compiler_fence() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

/// Is this lock not taken now, since only one thread can come here?
inline bool is_left_out(const spin_lock& lock) noexcept {
    return single_threaded() || !lock.shared();
}

/// Takes the lock unless the process has one thread. Returns what release() must be told:
/// a second thread may have been started in between.
inline bool acquire(spin_lock& lock) noexcept {
    if (is_left_out(lock))
        return false;
    lock.lock();
    return true;
}

inline void release(spin_lock& lock, bool locked) noexcept {
    if (locked)
        lock.unlock();
}

class [[nodiscard]] guard {
public:
    explicit guard(spin_lock& lock) noexcept : lock_(lock), locked_(acquire(lock)) {}
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { release(lock_, locked_); }

private:
    spin_lock& lock_;
    bool locked_;
};

/// Adds to a counter and returns what it held before; without a locked instruction while
/// there is one thread.
template <class T>
T add(atomic<T>& counter, T n, std::memory_order order) noexcept {
    if (!single_threaded())
        return counter.fetch_add(n, order);
    T before = counter.load(std::memory_order_relaxed);
    counter.store(static_cast<T>(before + n), std::memory_order_relaxed);
    return before;
}

/// compare_exchange under the same rule.
template <class T>
bool exchange_if(atomic<T>& word, T& expected, T desired) noexcept {
    yield_point();
    if (!single_threaded())
        return word.compare_exchange_strong(
            expected, desired, std::memory_order_acq_rel, std::memory_order_acquire);
    T seen = word.load(std::memory_order_relaxed);
    if (seen != expected) {
        expected = seen;
        return false;
    }
    word.store(desired, std::memory_order_relaxed);
    return true;
}

class ref_count {
public:
    void take() noexcept { add<std::uint32_t>(n_, 1, std::memory_order_relaxed); }

    /// The same while nobody else knows of it.
    void take_first() noexcept {
        n_.store(n_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    /// False: the caller alone has one.
    bool is_shared() const noexcept { return n_.load(std::memory_order_relaxed) > 1; }

    /// False: the last one has gone, who dropped it is about to end the object.
    bool take_if_any() noexcept {
        std::uint32_t n = n_.load(std::memory_order_relaxed);
        while (n != 0)
            if (exchange_if(n_, n, n + 1))
                return true;
        return false;
    }

    /// Returns whether that was the last one.
    bool drop() noexcept {
        return add<std::uint32_t>(n_, ~std::uint32_t{0}, std::memory_order_acq_rel) ==
               1;
    }

private:
    atomic<std::uint32_t> n_{1};
};

/// Counted pointer to anything with take() and drop().
template <class T>
class counted {
public:
    counted() noexcept = default;
    counted(std::nullptr_t) noexcept {}
    explicit counted(T* p) noexcept : p_(p) {
        if (p_)
            p_->take();
    }
    counted(const counted& o) noexcept : counted(o.p_) {}
    counted(counted&& o) noexcept : p_(o.p_) { o.p_ = nullptr; }
    counted& operator=(counted o) noexcept {
        T* p = p_;
        p_ = o.p_;
        o.p_ = p;
        return *this;
    }
    ~counted() {
        if (p_)
            p_->drop();
    }

    /// Takes over a reference the caller already counted.
    static counted adopt(T* p) noexcept {
        counted c;
        c.p_ = p;
        return c;
    }
    T* leave() noexcept {
        T* p = p_;
        p_ = nullptr;
        return p;
    }

    T* get() const noexcept { return p_; }
    T* operator->() const noexcept { return p_; }
    T& operator*() const noexcept { return *p_; }
    explicit operator bool() const noexcept { return p_ != nullptr; }
    friend bool operator==(const counted&, const counted&) = default;

private:
    T* p_ = nullptr;
};

/// A pointer that a thread may read while another one writes it, which orders nothing.
template <class T>
class relaxed_pointer {
public:
    relaxed_pointer(T* p) noexcept : p_(p) {}
    relaxed_pointer& operator=(T* p) noexcept {
        p_.store(p, std::memory_order_relaxed);
        return *this;
    }
    operator T*() const noexcept { return p_.load(std::memory_order_relaxed); }
    T* operator->() const noexcept { return *this; }

private:
    atomic<T*> p_;
};

struct pinned {
    pinned() = default;
    pinned(const pinned&) = delete;
    pinned& operator=(const pinned&) = delete;
};

}  // namespace heddle::detail
