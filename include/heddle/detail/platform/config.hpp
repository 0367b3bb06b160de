// SPDX-License-Identifier: BSL-1.0
// Every other header builds on this one. Its first part is the seams below the
// schedule: the lock, the atomic and the yield point. The rest of the library uses no
// other lock and no other atomic, so that an explorer of threads can replace them here:
// heddle::model does so, in detail/platform/model.hpp.
#pragma once

#include <heddle/detail/platform/port.hpp>

#include <atomic>
#include <cstdint>
#include <functional>

#ifdef HEDDLE_MODEL
#include <heddle/detail/platform/model.hpp>
#else

namespace heddle HEDDLE_VARIANT::detail {

template <class T>
using atomic = std::atomic<T>;

/// Marks a point at which an explorer may switch threads. Does nothing in the shipped
/// library.
inline void yield_point() noexcept {}

/// Is called before each post to an executor that another thread may run. An explorer
/// hooks in here; the shipped library does nothing.
template <class Executor>
void before_post(const Executor&) noexcept {}

/// Gives the core to another thread, as this one has nothing to do until another has
/// changed the value.
template <class T>
void yield_until_changed(const atomic<T>&) noexcept {
    port::yield_thread();
}

/// Returns when the value is no longer `old`; another thread changes it, and then calls
/// wake_one.
inline void wait_while(const atomic<int>& word, int old) noexcept {
    port::wait_while(word, old);
}
inline void wake_one(atomic<int>& word) noexcept { port::wake_one(word); }

/// Returns whether this process has never started a second thread. While that holds,
/// locks and atomic read-modify-writes are left out: two of them are three quarters of
/// a buffered element's cost.
inline bool single_threaded() noexcept { return port::single_threaded(); }

/// A thread that polls a value which another thread will change calls this between two
/// polls.
class HEDDLE_API back_off {
public:
    void operator()() noexcept;  // pauses, and now and then gives the core away

private:
    int spins_ = 0;
};

/// A lock that is held for a few instructions. Of a user's code only the nothrow move
/// of a T runs under it.
class HEDDLE_API spin_lock {
public:
    spin_lock() = default;
    /// If `shared` is false, the caller promises that threads use the guarded object
    /// one after the other, and the lock is left out as if there were one thread.
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

/// The order in which locks are taken that are held together: by address.
using lock_order = std::less<>;

}  // namespace heddle::detail

#endif

namespace heddle HEDDLE_VARIANT::detail {

/// The compiler moves no memory access across this call; the processor may.
inline void compiler_fence() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

/// Returns whether this lock is left out now, since only one thread can reach what it
/// guards.
inline bool is_left_out(const spin_lock& lock) noexcept {
    return single_threaded() || !lock.shared();
}

/// Takes the lock unless it is left out. Returns whether it was taken, which the caller
/// passes to release(): a second thread may have been started in between.
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

/// Adds to a counter and returns its value before. Uses no locked instruction while
/// there is one thread.
template <class T>
T add(atomic<T>& counter, T n, std::memory_order order) noexcept {
    if (!single_threaded())
        return counter.fetch_add(n, order);
    T before = counter.load(std::memory_order_relaxed);
    counter.store(static_cast<T>(before + n), std::memory_order_relaxed);
    return before;
}

/// A compare_exchange that uses no locked instruction while there is one thread.
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
    explicit ref_count(std::uint32_t n = 1) noexcept : n_(n) {}

    void take() noexcept { add<std::uint32_t>(n_, 1, std::memory_order_relaxed); }

    /// Returns false if the caller holds the only reference.
    bool is_shared() const noexcept { return n_.load(std::memory_order_relaxed) > 1; }

    /// Returns false if no reference is left: the thread that dropped the last one is
    /// about to destroy the object.
    bool take_if_any() noexcept {
        std::uint32_t n = n_.load(std::memory_order_relaxed);
        while (n != 0)
            if (exchange_if(n_, n, n + 1))
                return true;
        return false;
    }

    /// Returns whether that was the last reference.
    bool drop() noexcept {
        return add<std::uint32_t>(n_, ~std::uint32_t{0}, std::memory_order_acq_rel) ==
               1;
    }

private:
    atomic<std::uint32_t> n_;
};

/// A counting pointer to an object that has take() and drop().
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

    /// Takes over a reference that the caller has counted.
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

/// A pointer that one thread may read while another writes it. Reads and writes order
/// nothing.
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
