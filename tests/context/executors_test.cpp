// SPDX-License-Identifier: BSL-1.0
// Tasks and the handlers of channels run on every executor: contexts of every
// concurrency hint, strands, thread pools, the system executor, and any_io_executor
// around each of them.
#include <heddle/heddle.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include "support/joined_thread.hpp"
#include "support/latch.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::task;

task<> squares(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive()) {
        co_await heddle::yield();
        co_await out.send(*v * *v);
    }
    out.close();
}

task<int> sum_of(heddle::receiver<int> in) {
    int sum = 0;
    while (auto v = co_await in.receive())
        sum += *v;
    co_return sum;
}

/// A pipeline of two tasks on `ex`. Handlers on `ex` feed it, and a handler there joins
/// it. `until` runs the context until a condition holds.
template <class Executor>
void check(Executor ex, std::function<void(std::future<int>&)> until) {
    heddle::channel<int> in, out;
    heddle::go(ex, squares, in, out);
    auto sum = heddle::go(ex, sum_of, out);
    std::promise<int> told;
    auto result = told.get_future();
    sum.async_join(
        asio::bind_executor(ex, [&](std::exception_ptr, int s) { told.set_value(s); }));
    struct feeder {
        Executor ex;
        heddle::sender<int> to;
        int next;
        void operator()(heddle::error_code ec) {
            if (ec || next > 10)
                return to.close();
            int v = next++;
            auto there = to;
            there.async_send(ex, v, std::move(*this));
        }
    };
    feeder{ex, in, 1}({});
    until(result);
    CHECK(result.get() == 385);
}

/// The same with a channel between handlers alone, without tasks.
template <class Executor>
void check_all(Executor ex, std::function<void(std::future<int>&)> until) {
    check(ex, until);
    check(asio::any_io_executor(ex), until);
    check(asio::make_strand(ex), until);
    heddle::channel<int> c;
    std::promise<int> told;
    auto result = told.get_future();
    c.async_receive(asio::bind_executor(
        ex, [&](heddle::error_code, std::optional<int> v) { told.set_value(*v); }));
    c.async_send(ex, 5, [](heddle::error_code) {});
    until(result);
    CHECK(result.get() == 5);
}

/// Runs the context until the result is there.
auto running(asio::io_context& ctx) {
    return [&ctx](std::future<int>& result) {
        ctx.restart();
        ctx.run();
        CHECK(result.wait_for(0s) == std::future_status::ready);
    };
}

void wait(std::future<int>& result) { result.wait(); }

}  // namespace

TEST_SUITE_BEGIN("executors");

TEST_CASE("tasks and handlers run on an io_context that is promised one thread") {
    asio::io_context ctx(1);
    check_all(ctx.get_executor(), running(ctx));
}

TEST_CASE("tasks and handlers run on an io_context that locks everything") {
    asio::io_context ctx(ASIO_CONCURRENCY_HINT_SAFE);
    check_all(ctx.get_executor(), running(ctx));
}

TEST_CASE("tasks and handlers run on an io_context that locks nothing") {
    asio::io_context ctx(ASIO_CONCURRENCY_HINT_UNSAFE);
    check_all(ctx.get_executor(), running(ctx));
}

TEST_CASE(
    "tasks and handlers run on an io_context that locks all but its descriptors") {
    asio::io_context ctx(ASIO_CONCURRENCY_HINT_UNSAFE_IO);
    check_all(ctx.get_executor(), running(ctx));
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("executors.threads");

namespace {

/// Calls the library, unless the library is the caller. If the caller held a lock of
/// the library, this call would deadlock.
struct meddler {
    void operator()() const noexcept {
        if (std::exchange(inside, true))
            return;
        if (on && ctx) {
            ++calls;
            (void)heddle::live_tasks(*ctx);
            (void)heddle::dump_tasks(*ctx);
        }
        inside = false;
    }
    asio::io_context* ctx;

    static inline thread_local bool inside = false;
    static inline bool on = false;
    static inline int calls = 0;
};

/// A user's executor, each of whose functions calls the library.
class meddling_executor {
public:
    explicit meddling_executor(asio::io_context& ctx) : meddle_{&ctx} {}
    meddling_executor(const meddling_executor& o) noexcept : meddle_(o.meddle_) {
        meddle_();
    }
    meddling_executor& operator=(const meddling_executor& o) noexcept {
        meddle_ = o.meddle_;
        meddle_();
        return *this;
    }
    ~meddling_executor() { meddle_(); }

    template <class F>
    void execute(F&& f) const {
        meddle_();
        asio::post(*meddle_.ctx, [g = std::decay_t<F>(std::forward<F>(f))]() mutable {
            std::move(g)();
        });
    }
    asio::execution_context& query(asio::execution::context_t) const noexcept {
        meddle_();
        return *meddle_.ctx;
    }
    static constexpr asio::execution::blocking_t
    query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    meddling_executor require(asio::execution::blocking_t::never_t) const noexcept {
        return *this;
    }
    meddling_executor
    require(asio::execution::outstanding_work_t::tracked_t) const noexcept {
        return *this;
    }
    friend bool operator==(const meddling_executor& a,
                           const meddling_executor& b) noexcept {
        a.meddle_();
        return a.meddle_.ctx == b.meddle_.ctx;
    }

private:
    meddler meddle_;
};

/// A user's handler of failures, whose copies call the library.
struct meddling_listener {
    explicit meddling_listener(asio::io_context& ctx, int& n) : meddle{&ctx}, told(n) {}
    meddling_listener(const meddling_listener& o) : meddle(o.meddle), told(o.told) {
        meddle();
    }
    meddling_listener(meddling_listener&& o) noexcept : meddle(o.meddle), told(o.told) {
        meddle();
    }
    ~meddling_listener() { meddle(); }
    void operator()(std::exception_ptr) const {
        meddle();
        ++told;
    }
    meddler meddle;
    int& told;
};

}  // namespace

TEST_CASE("an executor of a user may call the library from each of its functions") {
    asio::io_context ctx(1), other(1);
    meddling_executor ex(ctx);
    auto settle = [&] {
        for (std::size_t n = 1; n != 0;) {
            ctx.restart(), other.restart();
            n = ctx.poll() + other.poll();
        }
    };
    // Locks are not elided while the process has a second thread.
    test::latch over(1);
    test::joined_thread second([&] { over.wait(); });
    int told = 0, ended = 0;
    heddle::on_unhandled(ctx, meddling_listener(ctx, told));
    meddler::calls = 0;
    meddler::on = true;
    // Tasks, and work that starts and ends.
    auto task_on_it = heddle::go(
        ex,
        [](int& n) -> task<> {
            auto work = asio::prefer(heddle::this_task::executor(),
                                     asio::execution::outstanding_work.tracked);
            co_await heddle::sleep(1ms);
            ++n;
            throw std::runtime_error("told");
        },
        std::ref(ended));
    task_on_it = {};
    while (ended == 0)
        settle();
    settle();
    CHECK(told == 1);
    // Operations of other contexts, cancelled on this executor.
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               meddling_executor>
        timer(ex, 1h), unwatched(ex, 1h);
    heddle::done_source stop;
    auto wait_for_both = [](auto& t, auto& u, int& n) -> task<> {
        heddle::inflight waiting(u.async_wait(heddle::deferred));
        try {
            co_await t.async_wait(heddle::use_task);
        } catch (...) {
            ++n;
        }
    };
    auto cancelled = heddle::go(
        other, heddle::with_done(stop.token(), wait_for_both(timer, unwatched, ended)));
    timer.async_wait(heddle::bind_done(
        stop.token(), asio::bind_executor(ex, [&](heddle::error_code) { ++ended; })));
    settle();
    stop.close();
    settle();
    CHECK(ended == 3);
    CHECK(meddler::calls > 0);
    meddler::on = false;
    over.count_down();
}

TEST_CASE("tasks and handlers run on an io_context that several threads run") {
    asio::io_context ctx(4);
    auto work = asio::make_work_guard(ctx);
    std::vector<test::joined_thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { ctx.run(); });
    check_all(ctx.get_executor(), wait);
    work.reset();
}

TEST_CASE("tasks and handlers run on a thread pool") {
    asio::thread_pool pool(3);
    check_all(pool.get_executor(), wait);
    pool.join();
}

TEST_CASE("tasks and handlers run on the system executor") {
    check_all(asio::system_executor(), wait);
}

TEST_CASE(
    "a thread pool that is stopped destroys the tasks parked in it, and their frames") {
    auto witness = std::make_shared<int>();
    heddle::channel<int> never;
    {
        asio::thread_pool pool(2);
        test::latch parked(2);
        auto park = [](heddle::receiver<int> in, std::shared_ptr<int>,
                       test::latch& l) -> task<> {
            l.count_down();
            co_await in.receive();
        };
        heddle::go(pool, park, never, witness, std::ref(parked));
        heddle::go(asio::make_strand(pool), park, never, witness, std::ref(parked));
        parked.wait();
        pool.stop();
        pool.join();
    }
    CHECK(witness.use_count() == 1);
    CHECK(never.try_send(1) == heddle::try_status::would_block);
}

TEST_SUITE_END();
