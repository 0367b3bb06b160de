// SPDX-License-Identifier: BSL-1.0
// A coroutine that is called, written by hand: a frame from the pool and two transfers.
#include "runtime.hpp"

#include "../measure.hpp"

using namespace limit;

namespace {

class called {
public:
    struct promise_type;
    explicit called(promise_type& callee) : callee_(callee) {}
    called(const called&) = delete;
    ~called();

    bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller);
    long await_resume() const;

private:
    promise_type& callee_;
};

struct called::promise_type {
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<>
        await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
            return ended.promise().caller;
        }
        void await_resume() noexcept {}
    };

    static void* operator new(std::size_t size) { return frames.allocate(size); }
    static void operator delete(void* frame, std::size_t size) {
        frames.deallocate(frame, size);
    }

    called get_return_object() { return called(*this); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    final_awaiter final_suspend() noexcept { return {}; }
    void return_value(long v) { value = v; }
    void unhandled_exception() { std::terminate(); }

    long value = 0;
    std::coroutine_handle<> caller;
};

called::~called() {
    std::coroutine_handle<promise_type>::from_promise(callee_).destroy();
}
std::coroutine_handle<> called::await_suspend(std::coroutine_handle<> caller) {
    callee_.caller = caller;
    return std::coroutine_handle<promise_type>::from_promise(callee_);
}
long called::await_resume() const { return callee_.value; }

// ---- calls K deep, which return a number ----

called nest(int depth) {
    if (depth == 1)
        co_return 1;
    co_return 1 + co_await nest(depth - 1);
}

process call_all(arguments a, long& calls) {
    while (calls < a.n)
        calls += co_await nest(a.k);
}

result call(arguments a) {
    long calls = 0;
    stopwatch watch;
    spawn(call_all(a, calls));
    ready.run();
    return {a.n, watch.elapsed(), calls};
}

const workload workloads[] = {
    {"call", call},
};

}  // namespace
