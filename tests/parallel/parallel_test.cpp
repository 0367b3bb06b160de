// SPDX-License-Identifier: BSL-1.0
// The parallel host: heddle::run on several threads, and heddle::parallel. Under TSan
// these tests also show that nothing here races.
#include "support/environment.hpp"
#include "support/joined_thread.hpp"
#include "support/operations.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using test::crew;
using test::environment;

heddle::run_options on_threads(unsigned n) {
    heddle::run_options o;
    o.threads = n;
    return o;
}

/// Runs f() on n threads.
template <class F>
auto run_on(unsigned n, F f) {
    return heddle::run(on_threads(n), f());
}

/// Blocks the thread until `n` tasks are here; only tasks that run in parallel get past
/// it.
void meet(std::atomic<int>& here, int n) {
    ++here;
    while (here < n)
        std::this_thread::yield();
}

heddle::task<> wait_for_ever() {
    heddle::channel<> nobody;
    co_await nobody.receive();
}

/// Counts the task if its wait ends by cancellation.
heddle::task<> count_end(heddle::task<> work, std::atomic<int>& cancelled) {
    try {
        co_await std::move(work);
    } catch (const heddle::cancelled&) {
        ++cancelled;
    }
}

}  // namespace

TEST_SUITE_BEGIN("parallel.threads");

TEST_CASE("law 77: all ready tasks run at once if enough threads are free") {
    for (int n : {2, 4}) {
        std::atomic<int> here{0};
        run_on(static_cast<unsigned>(n), [&]() -> heddle::task<> {
            std::vector<heddle::join_handle<>> others;
            for (int i = 1; i < n; ++i)
                others.push_back(heddle::go([&here, n] { meet(here, n); }));
            meet(here, n);
            for (auto& h : others)
                co_await h;
        });
        CHECK(here == n);
    }
}

TEST_CASE("law 77: all ready tasks run at once, also after a long time in which one "
          "thread was enough") {
    run_on(2, []() -> heddle::task<> {
        heddle::channel<int> c;
        heddle::go(
            [](heddle::sender<int> out) -> heddle::task<> {
                for (int i = 0; i < 20'000; ++i)
                    co_await out.send(i);
                out.close();
            },
            c);
        int v = 0;
        while (co_await c.receive(v)) {
        }
        std::atomic<int> here{0};
        auto other = heddle::go([&here] { meet(here, 2); });
        meet(here, 2);
        co_await other;
    });
}

TEST_CASE("a task that was woken does not wait behind a task that does not suspend") {
    run_on(2, []() -> heddle::task<> {
        heddle::channel<> ask(1), answer(1);
        std::atomic<bool> answered{false};
        auto other = heddle::go([&]() -> heddle::task<> {
            co_await ask.receive();
            answered = true;
        });
        co_await heddle::yield();  // the other task waits now
        co_await ask.send({});
        while (!answered)
            std::this_thread::yield();
        co_await other;
    });
}

TEST_CASE("the timer of a task does not wait for a task that does not suspend") {
    run_on(2, []() -> heddle::task<> {
        std::atomic<bool> slept{false};
        auto sleeper = heddle::go([&]() -> heddle::task<> {
            co_await heddle::sleep(2ms);
            slept = true;
        });
        co_await heddle::yield();
        while (!slept)
            std::this_thread::yield();
        co_await sleeper;
    });
}

TEST_CASE(
    "each turn of a task sees the writes of the turn before, on whatever thread") {
    std::set<std::thread::id> threads;
    run_on(4, [&]() -> heddle::task<> {
        heddle::group g;
        heddle::mutex m;
        for (int i = 0; i < 8; ++i)
            g.go([&]() -> heddle::task<> {
                long own = 0;  // in the frame, without a lock
                for (int k = 0; k < 2'000; ++k) {
                    own += k;
                    co_await heddle::yield();
                }
                CHECK(own == 1'999 * 1'000);
                auto guard = co_await m.lock();
                threads.insert(std::this_thread::get_id());
            });
        co_await g.wait();
    });
    CHECK(!threads.empty());
    CHECK(threads.size() <= 4);
}

TEST_CASE("this_task is right wherever the task runs") {
    run_on(4, []() -> heddle::task<> {
        heddle::group g;
        for (int i = 0; i < 8; ++i)
            g.go([]() -> heddle::task<> {
                auto id = heddle::this_task::id();
                auto done = heddle::this_task::done();
                for (int k = 0; k < 500; ++k) {
                    co_await heddle::yield();
                    REQUIRE(heddle::this_task::id() == id);
                    REQUIRE(!done.closed());
                    auto child = heddle::go([] { return heddle::this_task::id(); });
                    auto its = co_await child;
                    REQUIRE(its > id);
                }
            });
        co_await g.wait();
    });
}

TEST_CASE("run returns the result of main, and its options decide how many threads "
          "there are") {
    auto threads = [](unsigned n) {
        return run_on(n, []() -> heddle::task<std::size_t> {
            std::vector<std::thread::id> ran(3);
            std::atomic<int> here{0};
            heddle::group g;
            for (auto& thread : ran)
                g.go([&] {
                    ++here;
                    for (int k = 0; here < 3 && k < 100'000; ++k)
                        std::this_thread::yield();  // all at once, if there are so many
                    thread = std::this_thread::get_id();
                });
            co_await g.wait();
            std::set<std::thread::id> seen(ran.begin(), ran.end());
            co_return seen.size();
        });
    };
    CHECK(threads(3) == 3);
    {
        environment v("HEDDLE_THREADS", "1");
        CHECK(threads(3) == 1);
    }
    {
        environment v("HEDDLE_THREADS", "3");
        CHECK(threads(2) == 3);
        CHECK(threads(1) == 1);
    }
    {
        environment v("HEDDLE_SEED", "7");
        CHECK(threads(3) == 1);
    }
    {
        environment v("HEDDLE_CLOCK", "virtual");
        CHECK(threads(3) == 1);
    }
    CHECK_THROWS_AS(threads(1025), std::invalid_argument);
    environment v("HEDDLE_THREADS", "1025");
    CHECK_THROWS_AS(threads(2), std::invalid_argument);
}

TEST_CASE(
    "an exception of main takes precedence; that of a detached task ends the run") {
    auto thrower = [](bool main_too) -> heddle::task<> {
        heddle::channel<> go(nullptr);
        heddle::go([] { throw std::runtime_error("detached"); });
        if (main_too)
            throw std::logic_error("main");
        co_await go.receive();
    };
    CHECK_THROWS_WITH_AS(heddle::run(on_threads(4), thrower(false)), "detached",
                         std::runtime_error);
    CHECK_THROWS_WITH_AS(heddle::run(on_threads(4), thrower(true)), "main",
                         std::logic_error);
}

TEST_CASE("after the end of main no other task runs, and each is destroyed once") {
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> alive{0};
        struct counted {
            explicit counted(std::atomic<int>& n) : alive(n) { ++alive; }
            counted(const counted&) = delete;
            ~counted() { --alive; }
            std::atomic<int>& alive;
        };
        run_on(4, [&]() -> heddle::task<> {
            heddle::channel<int> c(2);
            for (int i = 0; i < 8; ++i)
                heddle::go(
                    [&alive](heddle::channel<int> own) -> heddle::task<> {
                        counted here(alive);
                        for (int k = 0;; ++k) {
                            co_await own.send(k);
                            co_await heddle::yield();
                            (void)co_await own.receive();
                        }
                    },
                    c);
            for (int i = 0; i < 20; ++i)
                co_await heddle::yield();
        });
        CHECK(alive == 0);
    }
}

TEST_CASE(
    "law 78: a deadlock is reported, with the operation that each task waits for") {
    try {
        run_on(4, []() -> heddle::task<> {
            heddle::channel<> c;
            c.name("never");
            auto other = heddle::go([c]() -> heddle::task<> { co_await c.receive(); });
            for (int i = 0; i < 10; ++i)
                co_await heddle::sleep(100us);
            co_await other;
        });
        FAIL("no deadlock");
    } catch (const heddle::deadlock& d) {
        std::string what = d.what();
        CHECK(what.find("waits to receive on `never`") != std::string::npos);
        CHECK(what.find("waits for task") != std::string::npos);
    }
}

TEST_CASE("parallel: a context with nothing to do runs out of work") {
    for (unsigned n : {1u, 2u, 8u}) {
        asio::io_context ctx;
        std::atomic<int> ran{0};
        auto ex = heddle::parallel(ctx, n);
        for (int i = 0; i < 100; ++i)
            heddle::go(ex, [&]() -> heddle::task<> {
                for (int k = 0; k < 10; ++k)
                    co_await heddle::yield();
                ++ran;
            });
        ctx.run();  // on one thread
        CHECK(ran == 100);
        CHECK(heddle::live_tasks(ctx) == 0);
        heddle::go(ex, [&] { ++ran; });
        ctx.restart();
        ctx.run();
        CHECK(ran == 101);
    }
}

TEST_CASE("parallel: poll, run_one, stop and restart mean what they always mean") {
    asio::io_context ctx;
    int turns = 0;
    heddle::go(heddle::parallel(ctx, 2), [&]() -> heddle::task<> {
        for (;;) {
            ++turns;
            co_await heddle::yield();
        }
    });
    CHECK(ctx.run_one() == 1);
    int after_one = turns;
    CHECK(after_one > 0);
    CHECK(after_one < 10'000);  // a handler has a budget
    while (turns < 5'000)
        CHECK(ctx.poll_one() <= 1);
    int before = turns;
    ctx.stop();
    CHECK(ctx.poll() == 0);
    CHECK(turns == before);
    ctx.restart();
    CHECK(ctx.run_one() == 1);
}

namespace {

/// Ten tasks, prepared before a fork, that depend on each other and on a timer.
template <class Executor>
void prepare(const Executor& ex, std::atomic<int>& ended) {
    heddle::channel<int> ring[10];
    for (int i = 0; i < 10; ++i)
        heddle::go(ex,
                   [&ended, in = ring[i], out = ring[(i + 1) % 10],
                    first = i == 0]() -> heddle::task<> {
                       co_await heddle::sleep(1ms);
                       for (int k = 0; k < 100; ++k) {
                           if (first)
                               co_await out.send(k);
                           std::optional<int> v;
                           co_await in.receive(v);
                           if (!first)
                               co_await out.send(*v);
                       }
                       ++ended;
                   });
}

/// Runs the context on two threads. Returns whether all tasks ended.
bool run_to_end(asio::io_context& ctx, const std::atomic<int>& ended) {
    {
        test::joined_thread other([&] { ctx.run(); });
        ctx.run();
    }
    return ended == 10 && heddle::live_tasks(ctx) == 0;
}

template <class Prepare>
void fork_and_run(Prepare prepare_in) {
    asio::io_context ctx;
    std::atomic<int> ended{0};
    prepare_in(ctx, ended);
    ctx.notify_fork(asio::io_context::fork_prepare);
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ctx.notify_fork(asio::io_context::fork_child);
        ::_exit(run_to_end(ctx, ended) ? 7 : 1);
    }
    ctx.notify_fork(asio::io_context::fork_parent);
    CHECK(run_to_end(ctx, ended));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
}

}  // namespace

TEST_CASE("after a fork before run, both processes run the tasks that were prepared") {
#if defined(__SANITIZE_THREAD__) || defined(HEDDLE_TEST_EMULATED)
    MESSAGE("skipped: ThreadSanitizer and qemu let no child of a fork start threads");
    return;
#endif
    fork_and_run([](asio::io_context& ctx, std::atomic<int>& ended) {
        prepare(heddle::parallel(ctx, 2), ended);
    });
    fork_and_run([](asio::io_context& ctx, std::atomic<int>& ended) {
        prepare(ctx.get_executor(), ended);
    });
}

namespace {

/// Takes blocks of every size from the lists that all threads share, and frees them.
void use_blocks() {
    std::vector<void*> blocks(80);
    for (std::size_t size = 16; size <= 2048; size += 8) {
        for (void*& b : blocks)
            b = heddle::detail::allocate_frame(size);
        for (void* b : blocks)
            heddle::detail::free_frame(b, size);
    }
}

/// Threads that use blocks and end, one after the other, for as long as this object
/// lives.
class block_users {
public:
    explicit block_users(int n) {
        for (int i = 0; i < n; ++i)
            threads_.emplace_back([this] {
                while (!over_)
                    std::thread(use_blocks).join();
            });
    }
    ~block_users() { over_ = true; }

private:
    std::atomic<bool> over_{false};
    std::vector<test::joined_thread> threads_;
};

heddle::task<int> sum_of_a_hundred() {
    heddle::channel<int> c;
    for (int i = 0; i < 100; ++i)
        heddle::go([c, i]() -> heddle::task<> {
            co_await heddle::sleep(std::chrono::microseconds(i));
            co_await c.send(i);
        });
    int sum = 0;
    for (int i = 0; i < 100; ++i)
        sum += *co_await c.receive();
    co_return sum;
}

}  // namespace

TEST_CASE(
    "a child that is forked while other threads use the library may use it anew") {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) ||                   \
    defined(HEDDLE_TEST_EMULATED)
    MESSAGE("skipped: locks of the sanitizer or emulator may be taken in such a child");
    return;
#endif
    block_users busy(3);
    for (unsigned round = 0; round < 60; ++round) {
        pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::alarm(20);  // the alarm ends a child that spins
            use_blocks();
            ::_exit(heddle::run({.threads = 1 + round % 2}, sum_of_a_hundred()) == 4950
                        ? 7
                        : 1);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 7);
    }
}

TEST_CASE("parallel: tasks of a user's context run at once on the threads that run the "
          "context") {
    crew threads(3);
    std::atomic<int> here{0};
    std::vector<std::promise<void>> ends(3);
    for (int i = 0; i < 3; ++i)
        heddle::go(heddle::parallel(threads.ctx, 3), [&, i] {
            meet(here, 3);
            ends[static_cast<std::size_t>(i)].set_value();
        });
    for (auto& e : ends)
        e.get_future().get();
    threads.join();
    CHECK(here == 3);
}

TEST_CASE(
    "parallel: executors of one context are equal, those of two contexts are not") {
    asio::io_context a, b;
    auto one = heddle::parallel(a, 2);
    CHECK(one == heddle::parallel(a));
    CHECK(one != heddle::parallel(b));
    CHECK(one != asio::any_io_executor(a.get_executor()));
}

TEST_CASE("a task is resumed on its worker after an Asio operation, wherever that "
          "operation belongs") {
    asio::io_context other;
    auto work = asio::make_work_guard(other);
    std::thread runner([&] { other.run(); });
    run_on(4, [&]() -> heddle::task<> {
        heddle::group g;
        for (int i = 0; i < 16; ++i)
            g.go([&]() -> heddle::task<> {
                asio::steady_timer here(heddle::this_task::executor());
                asio::steady_timer there(other);
                for (int k = 0; k < 20; ++k) {
                    here.expires_after(10us);
                    co_await here.async_wait(heddle::use_task);
                    there.expires_after(10us);
                    co_await there.async_wait(heddle::use_task);
                }
            });
        co_await g.wait();
    });
    work.reset();
    runner.join();
}

TEST_CASE("a task with an operation in flight stays on the worker of its handlers") {
    run_on(4, []() -> heddle::task<> {
        heddle::group g;
        for (int i = 0; i < 16; ++i)
            g.go([]() -> heddle::task<> {
                asio::steady_timer timer(heddle::this_task::executor(), 10us);
                heddle::inflight tick(timer.async_wait(heddle::deferred));
                heddle::channel<> c(1);
                // The select's arms and the handler access the same frame.
                int ticks = 0;
                while (ticks < 20) {
                    std::optional<heddle::unit> v;
                    (void)c.try_send({});
                    if (co_await heddle::select(tick, c.receive(v)) == 0) {
                        tick.result();
                        ++ticks;
                        timer.expires_after(10us);
                        tick.start(timer.async_wait(heddle::deferred));
                    }
                }
                co_await tick.stop();
            });
        co_await g.wait();
    });
}

TEST_CASE("a handler on a task's executor never runs at the same time as the task") {
    run_on(2, [&]() -> heddle::task<> {
        std::atomic<int> ran{0};
        for (int i = 0; i < 10; ++i)
            asio::post(heddle::this_task::executor(), [&] { ++ran; });
        // This leaves enough time for a thief.
        auto enough = std::chrono::steady_clock::now() + 5ms;
        while (std::chrono::steady_clock::now() < enough)
            REQUIRE(ran == 0);
        while (ran < 10)
            co_await heddle::yield();
    });
}

TEST_CASE("a done token reaches tasks on all threads, however they wait") {
    for (int round = 0; round < 20; ++round)
        run_on(4, [&]() -> heddle::task<> {
            std::atomic<int> ended{0};
            heddle::channel<int> c;
            heddle::done_source stop(heddle::this_task::done());
            std::vector<heddle::join_handle<>> all;
            auto start = [&](heddle::task<> t) {
                all.push_back(heddle::go(
                    heddle::with_done(stop.token(), count_end(std::move(t), ended))));
            };
            for (int i = 0; i < 8; ++i) {
                start(wait_for_ever());
                start([](heddle::channel<int> own) -> heddle::task<> {
                    for (std::optional<int> v;;)
                        co_await heddle::select(own.receive(v), own.send(1),
                                                heddle::after(1h));
                }(c));
                start([]() -> heddle::task<> { co_await heddle::sleep(1h); }());
                start([]() -> heddle::task<> {
                    asio::steady_timer t(heddle::this_task::executor(), 1h);
                    co_await t.async_wait(heddle::use_task);
                }());
                start([]() -> heddle::task<> {
                    for (;;)
                        co_await heddle::yield();
                }());
            }
            for (int i = 0; i < round; ++i)
                co_await heddle::yield();
            stop.close();
            for (auto& h : all)
                co_await h;
            CHECK(ended == 40);
        });
}

TEST_CASE("a context may end with tasks in every state, on several workers") {
    for (int round = 0; round < 30; ++round) {
        auto alive = std::make_shared<int>(0);
        {
            crew threads(4);
            auto ex = heddle::parallel(threads.ctx, 4);
            heddle::channel<int> c;
            for (int i = 0; i < 40; ++i)
                heddle::go(
                    ex,
                    [i, alive](heddle::channel<int> own) -> heddle::task<> {
                        asio::steady_timer t(heddle::this_task::executor(), 1h);
                        for (std::optional<int> v;;)
                            switch (i % 4) {
                            case 0:
                                co_await own.send(i);
                                break;
                            case 1:
                                co_await heddle::select(own.receive(v),
                                                        heddle::sleep(1h));
                                break;
                            case 2:
                                co_await t.async_wait(heddle::use_task);
                                break;
                            default:
                                co_await heddle::yield();
                            }
                    },
                    c);
            threads.stop();
        }
        CHECK(alive.use_count() == 1);
    }
}

TEST_CASE(
    "a context may end before another context whose operations its tasks wait for") {
    for (int round = 0; round < 10; ++round) {
        auto alive = std::make_shared<int>(0);
        {
            asio::io_context other;
            {
                crew threads(4);
                std::atomic<int> waiting{0};
                for (int i = 0; i < 40; ++i)
                    heddle::go(heddle::parallel(threads.ctx, 4),
                               [&waiting, &other, alive]() -> heddle::task<> {
                                   // Some of the tasks are stolen meanwhile.
                                   for (int k = 0; k < 50; ++k)
                                       co_await heddle::yield();
                                   asio::steady_timer t(other, 1h);
                                   ++waiting;
                                   co_await t.async_wait(heddle::use_task);
                               });
                while (waiting < 40)
                    std::this_thread::yield();
            }
            CHECK(alive.use_count() == 41);  // the handlers own the tasks
        }
        CHECK(alive.use_count() == 1);
    }
}

TEST_CASE("parallel: the first call decides how many tasks run at once") {
    crew threads(4);
    std::atomic<int> running{0}, most{0}, left{40};
    auto ex = heddle::parallel(threads.ctx, 2);
    CHECK(ex == heddle::parallel(threads.ctx, 4));
    std::promise<void> end;
    for (int i = 0; i < 40; ++i)
        heddle::go(heddle::parallel(threads.ctx, 4), [&] {
            int now = ++running;
            for (int seen = most;
                 seen < now && !most.compare_exchange_weak(seen, now);) {
            }
            for (int k = 0; k < 100; ++k)
                std::this_thread::yield();
            --running;
            if (--left == 0)
                end.set_value();
        });
    end.get_future().get();
    threads.join();
    CHECK(most >= 1);
    CHECK(most <= 2);
}

TEST_CASE("a time-out that lost its select does not keep the context running") {
    crew threads(2);
    auto ex = heddle::parallel(threads.ctx, 8);
    heddle::channel<int> c;
    std::atomic<int> got{0};
    for (int i = 0; i < 8; ++i)
        heddle::go(ex, [&got, c]() -> heddle::task<> {
            std::optional<int> v;
            got += co_await heddle::select(c.receive(v), heddle::after(1h)) == 0;
        });
    heddle::go(ex, [c]() -> heddle::task<> {
        co_await heddle::sleep(50ms);  // by then the others wait, on several workers
        for (int i = 0; i < 8; ++i)
            co_await c.send(i);
    });
    threads.join();  // returns now, not in an hour
    CHECK(got == 8);
}

TEST_CASE("a task moves to a strand and back") {
    run_on(2, []() -> heddle::task<> {
        auto home = heddle::this_task::executor();
        auto strand = asio::make_strand(asio::system_executor());
        for (int i = 0; i < 50; ++i) {
            co_await heddle::resume_on(strand);
            CHECK(heddle::this_task::executor() != home);
            co_await heddle::resume_on(home);
            CHECK(heddle::this_task::executor() == home);
        }
    });
}

TEST_CASE("tasks of a strand stay serial beside parallel ones") {
    run_on(4, []() -> heddle::task<> {
        auto strand = asio::make_strand(heddle::this_task::executor());
        long unlocked = 0;
        std::vector<heddle::join_handle<>> all;
        heddle::channel<> busy(4);
        for (int i = 0; i < 8; ++i) {
            all.push_back(heddle::go(strand, [&]() -> heddle::task<> {
                for (int k = 0; k < 500; ++k) {
                    ++unlocked;
                    co_await busy.send({});
                }
            }));
            all.push_back(heddle::go([&]() -> heddle::task<> {
                for (int k = 0; k < 500; ++k)
                    co_await busy.receive();
            }));
        }
        for (auto& h : all)
            co_await h;
        CHECK(unlocked == 8 * 500);
    });
}

TEST_CASE(
    "a dump of a parallel host shows every task, also if one of its tasks makes it") {
    run_on(3, []() -> heddle::task<> {
        heddle::channel<> c;
        c.name("quiet");
        std::vector<heddle::join_handle<>> all;
        for (int i = 0; i < 6; ++i)
            all.push_back(
                heddle::go([c]() -> heddle::task<> { co_await c.receive(); }));
        for (int i = 0; i < 6; ++i)
            co_await heddle::yield();
        co_await heddle::sleep(1ms);
        std::string text;
        for (int i = 0; i < 100; ++i) {
            text = heddle::dump_tasks();
            if (text.find(": its host is busy") == text.npos)
                break;  // otherwise a thread without a core was too late
        }
        std::size_t waiting = 0;
        for (std::size_t at = 0;
             (at = text.find("receive on `quiet`", at)) != std::string::npos; ++at)
            ++waiting;
        CHECK(waiting == 6);
        CHECK(text.find(" runs\n") != std::string::npos);
        CHECK(heddle::live_tasks() == 7);
        c.close();
        for (auto& h : all)
            co_await h;
    });
}

TEST_CASE("an exception leaves io_context::run on the thread where it was thrown, and "
          "the others go on") {
    asio::io_context ctx;
    std::atomic<int> ran{0};
    for (int i = 0; i < 10; ++i)
        heddle::go(heddle::parallel(ctx, 2), [&, i] {
            ++ran;
            if (i % 2)
                throw std::runtime_error("odd");
        });
    int thrown = 0;
    for (bool again = true; again;) {
        try {
            ctx.run();
            again = false;
        } catch (const std::runtime_error&) {
            ++thrown;
        }
    }
    CHECK(ran == 10);
    CHECK(thrown == 5);
}

TEST_CASE("the executor of a handler holds the worker where its task waits, even if "
          "another registered the task") {
    using operation = test::held<void(int)>;
    std::optional<asio::io_context> ctx(std::in_place);
    operation op;
    std::atomic<bool> moved{false};
    static constexpr auto here = [] {
        return heddle::detail::host::current_process().home.operator->();
    };
    auto wait_if_moved = [](operation* in, std::atomic<bool>* one,
                            heddle::detail::host* registered) -> heddle::task<> {
        while (here() == registered && !*one) {
            auto until = std::chrono::steady_clock::now() + 300us;
            while (std::chrono::steady_clock::now() < until) {
            }  // long enough to be worth a theft
            co_await heddle::yield();
        }
        if (here() != registered && !one->exchange(true))
            co_await in->start(heddle::use_task);
    };
    auto all = [wait_if_moved](operation* in,
                               std::atomic<bool>* one) -> heddle::task<> {
        for (int i = 0; i < 4; ++i)  // on this worker: the other one is idle
            heddle::go(wait_if_moved, in, one, here());
        co_return;
    };
    heddle::go(heddle::parallel(*ctx, 2), all, &op, &moved);
    test::together(2, [&](int) { ctx->run(); });
    REQUIRE(op.waiting());
    auto ex = op.executor();
    ctx.reset();
    asio::dispatch(ex, [&] { op.complete_inline(1); });
    CHECK(op.waiting());  // nothing runs there any more
}

TEST_SUITE_END();
