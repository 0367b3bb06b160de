// SPDX-License-Identifier: BSL-1.0
// The seams of heddle::model. Each lock, each atomic and each post announces its next
// step, and the explorer (heddle/testing/threads.hpp) decides which thread goes on. On
// a thread that is not explored, a seam does the same as in the shipped library.
#pragma once

#include <heddle/detail/platform/port.hpp>

#include HEDDLE_ASIO(execution.hpp)
#include HEDDLE_ASIO(execution_context.hpp)
#include HEDDLE_ASIO(query.hpp)

#include <atomic>
#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

/// The kinds of access by which a step of a thread uses an object that other threads
/// may use.
enum class access : std::uint8_t {
    nothing,
    read,
    write,
    count,  // adds to a number; is a step only where counts are explored
    lock,   // cannot be done while another thread holds the lock
    unlock  // is never a step of its own: no other thread could have gone in between
};

/// The name of an object, which is the same in all schedules of a program: the thread
/// that made it, and how many objects that thread had made before. An object that was
/// made by a thread that is not explored goes by its address.
class HEDDLE_API object_name {
public:
    object_name() noexcept;
    object_name(const object_name&) = delete;
    object_name& operator=(const object_name&) = delete;

    std::uint64_t get() const noexcept {
        return number_ ? number_ : reinterpret_cast<std::uintptr_t>(this);
    }

private:
    const std::uint64_t number_;
};

/// Tells whether a step can be done now. It is asked by the thread that decides which
/// goes on.
struct condition {
    bool (*holds)(const void*) = nullptr;  // null: always
    const void* of = nullptr;

    bool operator()() const { return !holds || holds(of); }
};

/// This thread announces its next step. Returns when the explorer lets it do the step.
HEDDLE_API void announce(const object_name&, access, condition = {}) noexcept;

/// This thread does that access as a part of the step that it is in.
HEDDLE_API void note(const object_name&, access) noexcept;

/// Announces a read that waits until another thread has written there since this thread
/// read it.
HEDDLE_API void announce_wait_for_write(const object_name&) noexcept;

/// Announces that a handler is posted to a context; an explored thread may be waiting
/// for one.
HEDDLE_API void announce_post(const asio::execution_context&) noexcept;

/// Returns whether this thread is explored.
HEDDLE_API bool is_explored() noexcept;

/// Behaves as std::atomic, but is sequentially consistent whatever order is asked for.
template <class T>
class atomic {
public:
    constexpr atomic() noexcept = default;
    atomic(T value) noexcept : value_(value) {}
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    T load(std::memory_order = std::memory_order_seq_cst) const noexcept {
        announce(name_, access::read);
        return value_.load();
    }
    void store(T v, std::memory_order = std::memory_order_seq_cst) noexcept {
        announce(name_, access::write);
        value_.store(v);
    }
    T exchange(T v, std::memory_order = std::memory_order_seq_cst) noexcept {
        announce(name_, access::write);
        return value_.exchange(v);
    }
    bool
    compare_exchange_strong(T& expected, T desired,
                            std::memory_order = std::memory_order_seq_cst,
                            std::memory_order = std::memory_order_seq_cst) noexcept {
        announce(name_, access::write);
        return value_.compare_exchange_strong(expected, desired);
    }
    T fetch_add(T n, std::memory_order = std::memory_order_seq_cst) noexcept {
        announce(name_, access::count);
        return value_.fetch_add(n);
    }
    T fetch_sub(T n, std::memory_order = std::memory_order_seq_cst) noexcept {
        announce(name_, access::count);
        return value_.fetch_sub(n);
    }
    void wait(T old, std::memory_order = std::memory_order_seq_cst) const noexcept {
        struct look {
            const atomic& self;
            T old;
        } at{*this, old};
        announce(name_, access::read,
                 {[](const void* p) {
                      auto& l = *static_cast<const look*>(p);
                      return l.self.value_.load() != l.old;
                  },
                  &at});
        value_.wait(old);  // waits on a thread that is not explored
    }
    void notify_one() noexcept { value_.notify_one(); }

    const object_name& name() const noexcept { return name_; }

private:
    std::atomic<T> value_{};
    object_name name_;
};

/// Does nothing: the other seams announce every step.
inline void yield_point() noexcept {}

template <class Executor>
void before_post(const Executor& ex) noexcept {
    announce_post(asio::query(ex, asio::execution::context));
}

template <class T>
void yield_until_changed(const atomic<T>& a) noexcept {
    if (is_explored())
        announce_wait_for_write(a.name());
    else
        port::yield_thread();
}

inline void wait_while(const atomic<int>& word, int old) noexcept { word.wait(old); }
inline void wake_one(atomic<int>& word) noexcept { word.notify_one(); }

/// Always false, so that no lock and no read-modify-write is left out.
inline bool single_threaded() noexcept { return false; }

class HEDDLE_API back_off {
public:
    void operator()() noexcept;
};

class HEDDLE_API spin_lock {
public:
    spin_lock() = default;
    explicit spin_lock(bool shared) noexcept : shared_(shared) {}

    bool shared() const noexcept { return shared_; }

    void lock() noexcept {
        announce(name_, access::lock,
                 {[](const void* taken) {
                      return !static_cast<const std::atomic<bool>*>(taken)->load();
                  },
                  &taken_});
        while (taken_.exchange(true))
            port::yield_thread();  // waits on a thread that is not explored
    }
    bool try_lock() noexcept {
        announce(name_, access::write);
        return !taken_.exchange(true);
    }
    void unlock() noexcept {
        taken_.store(false);
        note(name_, access::unlock);
    }

private:
    std::atomic<bool> taken_{false};
    object_name name_;
    const bool shared_ = true;

    friend struct lock_order;
};

/// Orders locks by name: the names are the same in each schedule, the addresses are
/// not.
struct lock_order {
    bool operator()(const spin_lock* a, const spin_lock* b) const noexcept {
        return a->name_.get() < b->name_.get();
    }
};

}  // namespace heddle::detail
