// SPDX-License-Identifier: BSL-1.0
// Broadcasts, watches, oneshots, locks, permits and rates on a runtime written by hand: the
// least that they cost.
#include "../measure.hpp"
#include "channel.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

using namespace limit;

namespace {

/// Goes on when all that are ready have had their turn.
struct yield {
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(handle h) {
        ready.push(&h.promise());
        return ready.next();
    }
    void await_resume() {}
};

process leave_after(join& all) {
    co_await all;
    co_await leave();
}

// ---- one publisher, K subscribers; none loses a value ----

/// The last 64 values, and how many have not yet read each.
class ring {
public:
    explicit ring(int readers) : readers_(readers) {}

    struct send_op {
        ring& r;
        long value;
        bool waited = false;

        bool await_ready() {
            r.lock_.lock();
            if (r.left_[r.sent_ % size] != 0)
                return false;  // locked until it waits
            r.put(value);
            return true;
        }
        std::coroutine_handle<> await_suspend(handle h) {
            waited = true;
            r.sender_ = &h.promise();
            r.lock_.unlock();
            return ready.next();
        }
        void await_resume() {
            if (waited) {
                r.lock_.lock();
                r.put(value);
            }
        }
    };

    struct receive_op {
        ring& r;
        long& at;
        long& value;
        bool waited = false;

        bool await_ready() {
            r.lock_.lock();
            return at < r.sent_ || r.closed_;  // locked until it has taken, or waits
        }
        std::coroutine_handle<> await_suspend(handle h) {
            waited = true;
            r.waiting_.push(&h.promise());
            r.lock_.unlock();
            return ready.next();
        }
        bool await_resume() {
            if (waited)
                r.lock_.lock();
            return r.take(at, value);
        }
    };

    send_op send(long value) { return {*this, value}; }
    receive_op receive(long& at, long& value) { return {*this, at, value}; }
    void close() {
        lock_.lock();
        closed_ = true;
        wake_all();
    }

private:
    static constexpr long size = 64;

    void put(long value) {
        values_[sent_ % size] = value;
        left_[sent_ % size] = readers_;
        ++sent_;
        wake_all();
    }
    void wake_all() {
        auto list = std::exchange(waiting_, {});
        lock_.unlock();
        while (auto* p = list.pop())
            ready.push(p);
    }
    bool take(long& at, long& value) {
        if (at == sent_) {
            lock_.unlock();
            return false;
        }
        value = values_[at % size];
        process::promise_type* sender = nullptr;
        if (--left_[at % size] == 0)
            sender = std::exchange(sender_, nullptr);
        ++at;
        lock_.unlock();
        if (sender)
            ready.push(sender);
        return true;
    }

    spin_lock lock_;
    const int readers_;
    bool closed_ = false;
    long sent_ = 0;
    long values_[size];
    int left_[size] = {};
    process_list waiting_;
    process::promise_type* sender_ = nullptr;
};

process read_all(ring& from, long long& sum, join& all) {
    long at = 0;
    for (long v; co_await from.receive(at, v);)
        sum += v;
    all.done();
}

process publish(ring& to, long n) {
    for (long i = 0; i < n; ++i)
        co_await to.send(i);
    to.close();
}

result broadcast(arguments a) {
    ring r(a.k);
    join all(a.k);
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        spawn(read_all(r, sum, all));
    spawn(publish(r, a.n / a.k));
    spawn(leave_after(all));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- one setter, K watchers; each sees every value ----

class watched {
public:
    struct next_op {
        watched& w;
        long& seen;
        long& value;
        bool waited = false;

        bool await_ready() {
            w.lock_.lock();
            return seen != w.version_ ||
                   w.closed_;  // locked until it has looked, or waits
        }
        std::coroutine_handle<> await_suspend(handle h) {
            waited = true;
            w.waiting_.push(&h.promise());
            w.lock_.unlock();
            return ready.next();
        }
        bool await_resume() {
            if (waited)
                w.lock_.lock();
            bool news = seen != w.version_;
            seen = w.version_;
            value = w.value_;
            w.lock_.unlock();
            return news;
        }
    };

    next_op next(long& seen, long& value) { return {*this, seen, value}; }
    void set(long value) {
        lock_.lock();
        value_ = value;
        ++version_;
        wake_all();
    }
    void close() {
        lock_.lock();
        closed_ = true;
        wake_all();
    }

private:
    void wake_all() {
        auto list = std::exchange(waiting_, {});
        lock_.unlock();
        while (auto* p = list.pop())
            ready.push(p);
    }

    spin_lock lock_;
    long value_ = 0;
    long version_ = 0;
    bool closed_ = false;
    process_list waiting_;
};

process follow(watched& w, long long& sum, join& all) {
    long seen = 0;
    for (long v; co_await w.next(seen, v);)
        sum += v;
    all.done();
}

process set_often(watched& w, long n) {
    for (long i = 1; i <= n; ++i) {
        w.set(i);
        co_await yield();
    }
    w.close();
}

result watch_value(arguments a) {
    watched w;
    join all(a.k);
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        spawn(follow(w, sum, all));
    spawn(set_often(w, a.n / a.k));
    spawn(leave_after(all));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- requests through a channel of capacity 1, each answered through a oneshot ----

/// It lives in the frame of the one who asks.
class once {
public:
    void set(long value) {
        lock_.lock();
        value_ = value;
        there_ = true;
        auto* p = waiting_;
        lock_.unlock();
        if (p)
            ready.push(p);
    }
    bool await_ready() {
        lock_.lock();
        if (!there_)
            return false;  // locked until it waits
        lock_.unlock();
        return true;
    }
    std::coroutine_handle<> await_suspend(handle h) {
        waiting_ = &h.promise();
        lock_.unlock();
        return ready.next();
    }
    long await_resume() { return value_; }

private:
    spin_lock lock_;
    bool there_ = false;
    long value_ = 0;
    process::promise_type* waiting_ = nullptr;
};

struct request {
    long value;
    once* reply;
};

process answer(channel<request>& in) {
    for (request r{}; co_await in.receive(r);)
        r.reply->set(r.value + 1);
}

process ask(channel<request>& out, long n, long long& sum) {
    for (long i = 0; i < n; ++i) {
        once reply;
        co_await out.send({i, &reply});
        sum += co_await reply;
    }
    co_await leave();
}

result oneshot(arguments a) {
    channel<request> c(1);
    long long sum = 0;
    stopwatch watch;
    spawn(answer(c));
    spawn(ask(c, a.n, sum));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- K readers and a writer share a lock, and wait while they hold it, now and then ----

/// First come, first served.
class shared_lock {
public:
    struct lock_op {
        shared_lock& m;
        bool shared;
        lock_op* next = nullptr;
        process::promise_type* waiting = nullptr;

        bool await_ready() {
            m.lock_.lock();
            if (m.first_ || !m.enter(shared))
                return false;  // locked until it waits
            m.lock_.unlock();
            return true;
        }
        std::coroutine_handle<> await_suspend(handle h) {
            waiting = &h.promise();
            *(m.first_ ? &m.last_->next : &m.first_) = this;
            m.last_ = this;
            m.lock_.unlock();
            return ready.next();
        }
        void await_resume() {}
    };

    lock_op lock(bool shared) { return {*this, shared}; }
    void unlock() {
        process_list woken;
        lock_.lock();
        holders_ = holders_ < 0 ? 0 : holders_ - 1;
        while (first_ && enter(first_->shared)) {
            woken.push(first_->waiting);
            first_ = first_->next;
        }
        lock_.unlock();
        while (auto* p = woken.pop())
            ready.push(p);
    }

private:
    bool enter(bool shared) {
        if (shared ? holders_ < 0 : holders_ != 0)
            return false;
        holders_ = shared ? holders_ + 1 : -1;
        return true;
    }

    spin_lock lock_;
    long holders_ = 0;  // -1: one that writes
    lock_op* first_ = nullptr;
    lock_op* last_ = nullptr;
};

struct two_counts {
    shared_lock lock;
    long first = 0, second = 0;
};

process read_often(two_counts& s, long n, long long& sum, join& all) {
    for (long i = 0; i < n; ++i) {
        co_await s.lock.lock(true);
        if (i % 10 == 0)
            co_await yield();
        sum += s.first == s.second;
        s.lock.unlock();
    }
    all.done();
}

process write_often(two_counts& s, long n, long long& sum, join& all) {
    for (long i = 0; i < n; ++i) {
        co_await s.lock.lock(false);
        ++s.first;
        if (i % 10 == 0)
            co_await yield();
        ++s.second;
        s.lock.unlock();
    }
    sum += s.second;
    all.done();
}

result shared_mutex(arguments a) {
    two_counts shared;
    join all(a.k + 1);
    const long each = a.n / (a.k + 1);
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        spawn(read_often(shared, each, sum, all));
    spawn(write_often(shared, each, sum, all));
    spawn(leave_after(all));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- K tasks share half as many permits, and wait while they hold one ----

class permits {
public:
    explicit permits(int n) : free_(n) {}

    bool await_ready() {
        lock_.lock();
        if (free_ == 0)
            return false;  // locked until it waits
        --free_;
        lock_.unlock();
        return true;
    }
    std::coroutine_handle<> await_suspend(handle h) {
        waiting_.push(&h.promise());
        lock_.unlock();
        return ready.next();
    }
    void await_resume() {}
    void release() {
        lock_.lock();
        auto* p = waiting_.pop();
        if (!p)
            ++free_;
        lock_.unlock();
        if (p)
            ready.push(p);
    }

private:
    spin_lock lock_;
    int free_;
    process_list waiting_;
};

process use(permits& slots, long n, long& held, int most, long long& sum, join& all) {
    for (long i = 0; i < n; ++i) {
        co_await slots;
        sum += ++held <= most;
        co_await yield();
        --held;
        slots.release();
    }
    all.done();
}

result semaphore(arguments a) {
    permits slots(a.k / 2);
    join all(a.k);
    long held = 0;
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        spawn(use(slots, a.n / a.k, held, a.k / 2, sum, all));
    spawn(leave_after(all));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- a rate that nobody has to wait for ----

result rate_limiter(arguments a) {
    using namespace std::chrono;
    spin_lock lock;
    nanoseconds arrival{0};
    const nanoseconds burst{a.n};
    long long passed = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i) {
        nanoseconds now = steady_clock::now().time_since_epoch();
        lock.lock();
        arrival = std::max(arrival, now) + nanoseconds(1);
        bool at_once = arrival - now <= burst;
        lock.unlock();
        passed += at_once;
    }
    return {a.n, watch.elapsed(), passed};
}

const workload workloads[] = {
    {"broadcast", broadcast}, {"watch", watch_value},
    {"oneshot", oneshot},     {"shared_mutex", shared_mutex},
    {"semaphore", semaphore}, {"rate_limiter", rate_limiter},
};

}  // namespace
