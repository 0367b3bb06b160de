// SPDX-License-Identifier: BSL-1.0
// A task on its way home counts as work of its home context [homecoming]: run() returns
// when its tasks have ended, and not before, although threads outside the context end
// their waits. Each race is run thousands of times, with 1, 2 and 4 threads.
#include <heddle/heddle.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include "support/joined_thread.hpp"

#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

TEST_SUITE_BEGIN("stress.homecoming");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::task;

namespace {

#ifdef __SANITIZE_THREAD__
constexpr int many = 20'000;  // rounds
constexpr int some = 4'000;
#elif defined(HEDDLE_TEST_EMULATED)
constexpr int many = 400;
constexpr int some = 100;
#else
constexpr int many = 5'000;
constexpr int some = 2'000;
#endif

using strand = asio::strand<asio::thread_pool::executor_type>;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, strand>;

void spin_for(std::chrono::nanoseconds d) {
    for (auto end = std::chrono::steady_clock::now() + d;
         std::chrono::steady_clock::now() < end;) {
    }
}

/// The state of a round. It outlives the task, and the thread that ends the wait.
struct race {
    race(asio::thread_pool& p, int n) : pool(p), ex(asio::make_strand(p)), round(n) {}

    /// Runs `f` on a thread of the pool, 20 to 80 us from now.
    template <class F>
    void later(F f) {
        auto pause = 20us + std::chrono::microseconds(round % 61);
        asio::post(pool, [this, f, pause] {
            spin_for(pause);
            f();
            over.store(true, std::memory_order_release);
        });
    }
    void wait() const {
        while (!over.load(std::memory_order_acquire))
            std::this_thread::yield();
    }

    asio::thread_pool& pool;
    strand ex;
    const int round;
    done_source stop;
    heddle::channel<int> c;
    std::atomic<bool> over{false};
    bool ended = false;
};

using body = task<> (*)(race&);

/// Notes that the task has ended, however its wait ended.
task<> whole(body f, race& r) {
    try {
        co_await f(r);
    } catch (const heddle::cancelled&) {
    } catch (const std::exception&) {
    }
    r.ended = true;
}

/// A context that several threads run until it has no work, round after round.
class runners {
public:
    runners(asio::io_context& ctx, int threads) : ctx_(ctx), gate_(threads) {
        for (int i = 1; i < threads; ++i)
            others_.emplace_back([this] {
                for (gate_.arrive_and_wait(); !over_; gate_.arrive_and_wait()) {
                    ctx_.run();
                    gate_.arrive_and_wait();
                }
            });
    }
    ~runners() {
        over_ = true;
        gate_.arrive_and_wait();
    }

    void run() {
        ctx_.restart();
        gate_.arrive_and_wait();
        ctx_.run();
        gate_.arrive_and_wait();
    }

private:
    asio::io_context& ctx_;
    std::barrier<> gate_;
    bool over_ = false;  // written and read on two sides of the gate
    std::vector<test::joined_thread> others_;
};

void io_context_runs_until_it_ends(body f, int rounds) {
    for (int threads : {1, 2, 4}) {
        CAPTURE(threads);
        asio::thread_pool pool(static_cast<std::size_t>(threads));
        asio::io_context ctx;
        runners all(ctx, threads);
        for (int i = 0; i < rounds; ++i) {
            CAPTURE(i);
            race r(pool, i);
            heddle::go(ctx, whole, f, std::ref(r));
            all.run();
            bool ended = r.ended;
            r.wait();
            if (!ended) {  // the task refers to this round
                auto work = asio::make_work_guard(ctx);
                ctx.restart();
                while (!r.ended && ctx.run_one_for(1s) != 0) {
                }
            }
            REQUIRE(ended);
        }
    }
}

void run_is_no_deadlock(body f, int rounds) {
    for (unsigned threads : {1u, 2u, 4u}) {
        CAPTURE(threads);
        asio::thread_pool pool(threads);
        heddle::run_options options{.threads = threads};
        options.dump_on_quit = false;
        for (int i = 0; i < rounds; ++i) {
            CAPTURE(i);
            race r(pool, i);
            try {
                heddle::run(options, whole(f, r));
            } catch (const heddle::deadlock& d) {
                r.wait();
                FAIL(d.what());
            }
            r.wait();
            REQUIRE(r.ended);
        }
    }
}

task<> wait_for(timer& t) {
    t.expires_after(30us);
    co_await t.async_wait(heddle::use_task);
}

/// An operation of another context, whose token closes as it completes.
task<> operation_elsewhere(race& r) {
    timer t(r.ex);
    r.later([&r] { r.stop.close(); });
    co_await heddle::with_done(r.stop.token(), wait_for(t));
}

task<> operation_here(race& r) {
    asio::steady_timer t(heddle::this_task::executor(), 30us);
    r.later([&r] { r.stop.close(); });
    co_await heddle::with_done(r.stop.token(), [](asio::steady_timer& u) -> task<> {
        co_await u.async_wait(heddle::use_task);
    }(t));
}

task<> inflight_stopped(race& r) {
    timer t(r.ex, 30us);
    heddle::inflight waiting(t.async_wait(heddle::deferred));
    r.later([] {});
    spin_for(std::chrono::microseconds(r.round % 61));
    co_await waiting.stop();
}

task<> inflight_and_token(race& r) {
    auto t = std::make_shared<timer>(r.ex, 30us);
    heddle::inflight waiting(t->async_wait(heddle::deferred), t);
    r.later([&r] { r.stop.close(); });
    co_await heddle::select(waiting, r.stop.token());
}

task<> sleep_cancelled(race& r) {
    r.later([&r] { r.stop.close(); });
    co_await heddle::with_done(
        r.stop.token(), [](auto d) -> task<> { co_await heddle::sleep(d); }(30us));
}

task<> value_or_timer(race& r) {
    r.later([&r] {
        int v = 1;
        (void)r.c.try_send(v);
    });
    std::optional<int> v;
    co_await heddle::select(r.c.receive(v), heddle::after(30us));
}

task<> value_or_timeout(race& r) {
    r.later([&r] {
        int v = 1;
        (void)r.c.try_send(v);
    });
    co_await heddle::timeout(30us,
                             [](race& q) -> task<> { co_await q.c.receive(); }(r));
}

task<> long_timeout_cancelled(race& r) {
    r.later([&r] { r.stop.close(); });
    co_await heddle::with_done(r.stop.token(), [](race& q) -> task<> {
        co_await heddle::with_timeout(
            1h, [](race& p) -> task<> { co_await p.c.receive(); }(q));
    }(r));
}

task<> blocking_cancelled(race& r) {
    r.later([&r] { r.stop.close(); });
    co_await heddle::with_done(r.stop.token(), [](race&) -> task<> {
        co_await heddle::go_blocking([] { spin_for(45us); });
    }(r));
}

}  // namespace

TEST_CASE("io_context::run returns after its task when an operation of another context "
          "completes as its token closes") {
    io_context_runs_until_it_ends(operation_elsewhere, many);
}
TEST_CASE("heddle::run reports no deadlock when an operation of another context "
          "completes as its token closes") {
    run_is_no_deadlock(operation_elsewhere, many);
}

TEST_CASE("io_context::run returns after its task when an operation of this context "
          "completes as a thread outside closes its token") {
    io_context_runs_until_it_ends(operation_here, some);
}
TEST_CASE("heddle::run reports no deadlock when an operation of this context completes "
          "as a thread outside closes its token") {
    run_is_no_deadlock(operation_here, some / 4);
}

TEST_CASE("io_context::run returns after its task when an inflight of another context "
          "completes as it is stopped") {
    io_context_runs_until_it_ends(inflight_stopped, some);
}
TEST_CASE("heddle::run reports no deadlock when an inflight of another context "
          "completes as it is stopped") {
    run_is_no_deadlock(inflight_stopped, some / 4);
}

TEST_CASE("io_context::run returns after its task when an inflight completes as "
          "another arm is claimed from outside") {
    io_context_runs_until_it_ends(inflight_and_token, some);
}
TEST_CASE("heddle::run reports no deadlock when an inflight completes as another arm "
          "is claimed from outside") {
    run_is_no_deadlock(inflight_and_token, some / 4);
}

TEST_CASE("io_context::run returns after its task when a sleep ends as a thread "
          "outside closes its token") {
    io_context_runs_until_it_ends(sleep_cancelled, some);
}
TEST_CASE("heddle::run reports no deadlock when a sleep ends as a thread outside "
          "closes its token") {
    run_is_no_deadlock(sleep_cancelled, some / 4);
}

TEST_CASE("io_context::run returns after its task when a timer expires as a thread "
          "outside sends to its select") {
    io_context_runs_until_it_ends(value_or_timer, some);
}
TEST_CASE("heddle::run reports no deadlock when a timer expires as a thread outside "
          "sends to its select") {
    run_is_no_deadlock(value_or_timer, some / 4);
}

TEST_CASE("io_context::run returns after its task when a deadline passes as a thread "
          "outside sends") {
    io_context_runs_until_it_ends(value_or_timeout, some);
}
TEST_CASE("heddle::run reports no deadlock when a deadline passes as a thread outside "
          "sends") {
    run_is_no_deadlock(value_or_timeout, some / 4);
}

TEST_CASE("io_context::run returns after its task when a thread outside closes a token "
          "above a deadline") {
    io_context_runs_until_it_ends(long_timeout_cancelled, some);
}
TEST_CASE("heddle::run reports no deadlock when a thread outside closes a token above "
          "a deadline") {
    run_is_no_deadlock(long_timeout_cancelled, some / 4);
}

TEST_CASE("io_context::run returns after its task when blocking work ends as its token "
          "closes") {
    io_context_runs_until_it_ends(blocking_cancelled, some / 4);
}
TEST_CASE(
    "heddle::run reports no deadlock when blocking work ends as its token closes") {
    run_is_no_deadlock(blocking_cancelled, some / 4);
}

TEST_SUITE_END();
