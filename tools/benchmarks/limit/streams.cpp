// SPDX-License-Identifier: BSL-1.0
// A coroutine that yields, written by hand, and a loop over it that does what ten operators do.
#include "runtime.hpp"

#include "../measure.hpp"

using namespace limit;

namespace {

class generator {
public:
    struct promise_type;
    explicit generator(promise_type& body) : body_(body) {}
    generator(const generator&) = delete;
    ~generator();

    struct next_awaiter {
        generator& from;
        bool await_ready() const { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> reader) const;
        const long* await_resume() const;
    };
    next_awaiter next() { return {*this}; }

private:
    promise_type& body_;
};

struct generator::promise_type {
    struct to_reader {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<>
        await_suspend(std::coroutine_handle<promise_type> body) noexcept {
            return body.promise().reader;
        }
        void await_resume() noexcept {}
    };

    static void* operator new(std::size_t size) { return frames.allocate(size); }
    static void operator delete(void* frame, std::size_t size) {
        frames.deallocate(frame, size);
    }

    generator get_return_object() { return generator(*this); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    to_reader final_suspend() noexcept {
        value = nullptr;
        return {};
    }
    to_reader yield_value(const long& v) noexcept {
        value = &v;
        return {};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }

    const long* value = nullptr;
    std::coroutine_handle<> reader;
};

generator::~generator() {
    std::coroutine_handle<promise_type>::from_promise(body_).destroy();
}
std::coroutine_handle<>
generator::next_awaiter::await_suspend(std::coroutine_handle<> reader) const {
    from.body_.reader = reader;
    return std::coroutine_handle<promise_type>::from_promise(from.body_);
}
const long* generator::next_awaiter::await_resume() const { return from.body_.value; }

generator count(long n) {
    for (long v = 0; v < n; ++v)
        co_yield v;
}

process add_all(arguments a, long& sum) {
    long skipped = 0, taken = 0;
    generator values = count(a.n);
    while (const long* next = co_await values.next()) {
        long v = *next + 1;
        if (v % 3 == 0)
            continue;
        v ^= 1;
        if (v % 5 == 0)
            continue;
        v *= 2;
        if (skipped++ < 10)
            continue;
        if (v < 0)
            break;
        v += 7;
        if (v % 7 == 0)
            continue;
        if (taken++ == a.n)
            break;
        sum += v & 0xffff;
    }
}

result pipeline(arguments a) {
    long sum = 0;
    stopwatch watch;
    spawn(add_all(a, sum));
    ready.run();
    return {a.n, watch.elapsed(), sum};
}

// ---- the loop alone ----

result pipeline_loop(arguments a) {
    long sum = 0, skipped = 0, taken = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i) {
        long v = i + 1;
        if (v % 3 == 0)
            continue;
        v ^= 1;
        if (v % 5 == 0)
            continue;
        v *= 2;
        if (skipped++ < 10)
            continue;
        if (v < 0)
            break;
        v += 7;
        if (v % 7 == 0)
            continue;
        if (taken++ == a.n)
            break;
        sum += v & 0xffff;
    }
    return {a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"pipeline", pipeline},
    {"pipeline_loop", pipeline_loop},
};

}  // namespace
