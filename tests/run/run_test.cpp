// SPDX-License-Identifier: BSL-1.0
// The promises of heddle::run (run.hpp).
#include "support/ending.hpp"
#include "support/environment.hpp"
#include "support/joined_thread.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

TEST_SUITE_BEGIN("run");

using namespace std::chrono_literals;
using heddle::go;
using heddle::run;
using heddle::task;
using test::contains;
using test::ending_of_call;
using test::environment;
using test::fail;
using test::lines;
using test::run_virtual;
using test::seven;
using test::trace;
using test::tracked;
using test::wait_in;

namespace {

/// A program whose only variable is the order that a schedule decides.
task<> race(trace& log) {
    heddle::channel<int> a(8), b(8);
    heddle::wait_group all;
    for (int i = 0; i < 4; ++i)
        all.go(
            [](trace& t, heddle::channel<int> x, heddle::channel<int> y,
               int n) -> task<> {
                co_await heddle::yield();
                t("task " + std::to_string(n));
                co_await x.send(n);
                co_await heddle::sleep(1s);
                co_await y.send(n);
            },
            std::ref(log), a, b, i);
    co_await all.wait();
    std::optional<int> v;
    for (int i = 0; i < 8; ++i) {
        auto arm = co_await heddle::select(a.receive(v), b.receive(v));
        log("arm " + std::to_string(arm) + ": " + std::to_string(*v));
    }
}

lines race_of(std::optional<std::uint64_t> seed) {
    trace log;
    run_virtual(race(log), seed);
    return log.take();
}

std::string deadlock_of(task<> main) {
    try {
        run(std::move(main));
    } catch (const heddle::deadlock& d) {
        return d.what();
    }
    return "no deadlock";
}

}  // namespace

TEST_CASE("run returns main's result, whatever its type") {
    int x = 0;
    CHECK(run(seven()) == 7);
    CHECK(*run([]() -> task<std::unique_ptr<int>> {
        co_return std::make_unique<int>(3);
    }()) == 3);
    CHECK(&run([](int& y) -> task<int&> { co_return y; }(x)) == &x);
    run([]() -> task<> { co_return; }());
}

TEST_CASE("run returns when main ends; other tasks are destroyed, not awaited") {
    trace log;
    run([](trace& t) -> task<> {
        go(
            [](trace& u, tracked) -> task<> {
                u("parked");
                co_await heddle::sleep(1h);
                u("woken");
            },
            std::ref(t), tracked(1));
        go(
            [](tracked) -> task<> {
                for (;;)
                    co_await heddle::yield();
            },
            tracked(2));
        co_await heddle::yield();
        CHECK(tracked::alive() > 0);
    }(log));
    CHECK(tracked::alive() == 0);
    CHECK(log.take() == lines{"parked"});
}

TEST_CASE(
    "an exception that leaves main leaves run, and the other tasks are destroyed") {
    CHECK(ending_of_call([] {
              run([]() -> task<> {
                  go([](tracked) -> task<> { co_await heddle::sleep(1h); }, tracked(1));
                  co_await heddle::yield();
                  co_await fail("main");
              }());
          }) == "main");
    CHECK(tracked::alive() == 0);
}

TEST_CASE("the first exception that leaves a detached task ends the run") {
    CHECK(ending_of_call([] {
              run([](tracked) -> task<> {
                  go(fail, "first");
                  go(fail, "second");
                  co_await heddle::sleep(1h);
              }(tracked(1)));
          }) == "first");
    CHECK(tracked::alive() == 0);
}

TEST_CASE("an exception of main takes precedence over those of detached tasks that "
          "come after it") {
    CHECK(ending_of_call([] {
              run([]() -> task<> {
                  go(fail, "detached");
                  throw std::runtime_error("main");
                  co_return;
              }());
          }) == "main");
}

TEST_CASE("the result of main is not lost when the other tasks are destroyed") {
    struct logs_end {
        explicit logs_end(trace& t) : log(&t) {}
        logs_end(logs_end&& o) noexcept : log(std::exchange(o.log, nullptr)) {}
        ~logs_end() {
            if (log)
                (*log)("destroyed");
        }
        trace* log;
    };
    trace log;
    int n = run([](trace& t) -> task<int> {
        go([](logs_end) -> task<> { co_await heddle::sleep(1h); }, logs_end(t));
        co_await heddle::yield();
        co_return 7;
    }(log));
    CHECK(n == 7);
    CHECK(log.take() == lines{"destroyed"});
}

TEST_CASE("run may be called again and again, also after it threw") {
    for (int i = 0; i < 3; ++i) {
        CHECK(ending_of_call([] { run(fail("again")); }) == "again");
        CHECK(run(seven()) == 7);
    }
}

TEST_CASE("run waits for timers and Asio operations") {
    trace log;
    run([](trace& t) -> task<> {
        co_await heddle::sleep(1ms);
        t("slept");
        asio::steady_timer timer(heddle::this_task::executor(), 1ms);
        co_await timer.async_wait(heddle::use_task);
        t("timer");
    }(log));
    CHECK(log.take() == lines{"slept", "timer"});
}

TEST_CASE("virtual time waits for Asio operations in flight, then jumps") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        go(
            [](trace& u) -> task<> {
                co_await heddle::sleep(1h);
                u("an hour later");
            },
            std::ref(t));
        asio::steady_timer real(heddle::this_task::executor(), 2ms);
        co_await real.async_wait(heddle::use_task);
        t("two real milliseconds later");
        CHECK(heddle::now() == heddle::time_point());
        co_await heddle::sleep(2h);
    }(log));
    CHECK(log.take() == lines{"two real milliseconds later", "an hour later"});
}

TEST_CASE("the same seed leads to the same run") {
    for (std::uint64_t seed : {0U, 1U, 2U, 12345U}) {
        auto first = race_of(seed);
        CHECK(first.size() == 12);
        CHECK(race_of(seed) == first);
    }
}

TEST_CASE(
    "different seeds lead to different runs, in the order of tasks and of ready arms") {
    std::set<std::string> orders, arms;
    for (std::uint64_t seed = 0; seed < 32; ++seed) {
        auto run_of_seed = race_of(seed);
        std::string tasks, chosen;
        for (auto& step : run_of_seed)
            (step.starts_with("task") ? tasks : chosen) += step.substr(4, 2);
        orders.insert(tasks);
        arms.insert(chosen);
    }
    // There are 4! orders, and 70 ways to merge four of each arm. Of 32 uniform draws
    // some 18 and 26 differ; fewer than 9 would be more than five standard deviations
    // off.
    CHECK(orders.size() > 8);
    CHECK(arms.size() > 8);
}

TEST_CASE("without a seed tasks run in order of arrival") {
    auto steps = race_of({});
    steps.resize(4);
    CHECK(steps == lines{"task 0", "task 1", "task 2", "task 3"});
}

TEST_CASE("a deadlock is reported, with the operation that each task waits for") {
    auto what = deadlock_of([]() -> task<> {
        heddle::this_task::name("main");
        heddle::channel<int> jobs, results;
        jobs.name("jobs");
        results.name("results");
        heddle::wait_group group;
        auto worker = go(
            [](heddle::receiver<int> in, heddle::sender<int> out) -> task<> {
                heddle::this_task::name("worker");
                std::optional<int> v;
                (void)co_await heddle::select(in.receive(v), out.send(1),
                                              heddle::this_task::done());
            },
            jobs, heddle::sender<int>(results));
        go([](heddle::sender<int> out) -> task<> { co_await out.send(2); }, results);
        group.go(
            [](heddle::join_handle<>& h) -> task<> {
                heddle::this_task::name("joiner");
                (void)co_await heddle::select(h);
            },
            std::ref(worker));
        co_await group.wait();
    }());
    CAPTURE(what);
    CHECK(contains(what, "deadlock"));
    for (auto who : {"(main) waits", "(worker) waits", "(joiner) waits"})
        CHECK(contains(what, who));
    for (auto part : {"receive on `jobs`", "send on `results`", "done token",
                      "wait group", " to end"})
        CHECK(contains(what, part));
    int tasks = 0;
    for (std::size_t at = 0; (at = what.find("\ntask ", at)) != std::string::npos; ++at)
        ++tasks;
    CHECK(tasks == 4);
}

TEST_CASE("a dump lists the arms of a select as they are written") {
    std::vector<heddle::channel<int>> channels(8);
    std::string written;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        channels[i].name("c" + std::to_string(i));
        written += (i ? ", or to receive on `c" : "in a select: to receive on `c") +
                   std::to_string(i) + "`";
    }
    auto what = deadlock_of([](auto all) -> task<> {
        std::vector<std::optional<int>> to(all.size());
        std::vector<heddle::receive_op<int>> arms;
        for (std::size_t i = 0; i < all.size(); ++i)
            arms.push_back(all[i].receive(to[i]));
        (void)co_await heddle::select(arms);
    }(channels));
    CAPTURE(what);
    CHECK(contains(what, written.c_str()));

    auto nothing = deadlock_of([]() -> task<> {
        std::vector<heddle::receive_op<int>> arms;
        (void)co_await heddle::select(arms);
    }());
    CAPTURE(nothing);
    CHECK(contains(nothing, " waits in a select without arms"));
}

TEST_CASE("waits that nothing can end are a deadlock, on either clock") {
    CHECK(contains(deadlock_of(wait_in(nullptr)), "receive on a nil channel"));
    CHECK(contains(deadlock_of(wait_in(heddle::channel<>())),
                   "receive on an unnamed channel"));
    CHECK(contains(deadlock_of([]() -> task<> {
                       co_await heddle::sleep(heddle::duration::max());
                   }()),
                   "timer"));
    CHECK_THROWS_AS(run_virtual(wait_in(heddle::channel<>())), heddle::deadlock);
}

TEST_CASE("there is no deadlock while a timer is pending") {
    run_virtual([]() -> task<> {
        heddle::channel<> c;
        go(
            [](heddle::sender<> out) -> task<> {
                co_await heddle::sleep(24h);
                out.close();
            },
            c);
        co_await wait_in(c);
    }());
}

TEST_CASE("a context that has ended does not hide a deadlock") {
    std::optional<heddle::done_source> kept;
    {
        asio::io_context dies;
        kept.emplace(dies, heddle::done_token(), 1h);
    }
    CHECK(contains(deadlock_of(wait_in(heddle::channel<>())), "deadlock"));
}

TEST_CASE("tasks are destroyed after a deadlock as after any other end") {
    CHECK_THROWS_AS(run([](tracked) -> task<> {
                        go(
                            [](tracked, heddle::receiver<> in) -> task<> {
                                (void)co_await in.receive();
                            },
                            tracked(2), heddle::channel<>());
                        co_await wait_in(heddle::channel<>());
                    }(tracked(1))),
                    heddle::deadlock);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("a task that is ready when main ends is destroyed, and does not run") {
    bool ran = false;
    run([](bool& ran_) -> task<> {
        std::vector<int> local(3);
        for (int i = 0; i < 3; ++i)
            go(
                [](tracked, std::vector<int>& mains, bool& r) -> task<> {
                    r = mains.at(0) == 0;  // main's frame is destroyed by now
                    co_return;
                },
                tracked(i), std::ref(local), std::ref(ran_));
        co_return;
    }(ran));
    CHECK_FALSE(ran);
    CHECK(tracked::alive() == 0);
    CHECK(run([](bool& ran_) -> task<int> {
              go(
                  [](bool& r) -> task<> {
                      r = true;
                      throw std::runtime_error("too late to matter");
                      co_return;
                  },
                  std::ref(ran_));
              co_return 7;
          }(ran)) == 7);
    CHECK_FALSE(ran);
}

TEST_CASE("HEDDLE_CLOCK=virtual makes time virtual") {
    environment e("HEDDLE_CLOCK", "virtual");
    run([]() -> task<> {
        CHECK(heddle::now() == heddle::time_point());
        co_await heddle::sleep(24h);
        CHECK(heddle::now() == heddle::time_point(24h));
    }());
}

TEST_CASE("HEDDLE_SEED seeds a run, and overrides the seed that the program passes") {
    auto seven_chosen = race_of(7);
    REQUIRE(seven_chosen != race_of(8));
    environment e("HEDDLE_SEED", "7");
    CHECK(race_of({}) == seven_chosen);
    CHECK(race_of(8) == seven_chosen);
}

TEST_CASE("an environment variable without a valid value is an invalid_argument") {
    for (auto name : {"HEDDLE_SEED", "HEDDLE_THREADS"})
        for (auto value : {"", "x", "1x", " 1", "-1", "0x10", "99999999999999999999"}) {
            CAPTURE(value);
            environment e(name, value);
            CHECK_THROWS_AS(run(seven()), std::invalid_argument);
        }
    environment e("HEDDLE_CLOCK", "sundial");
    auto what = ending_of_call([] { run(seven()); });
    CHECK(contains(what, "HEDDLE_CLOCK=sundial"));
}

namespace {

/// An operation that completes, on the handler's executor, when the handler of its
/// timer is destroyed: at the latest when the context is.
template <class Handler>
class ends_with_its_timer {
public:
    ends_with_its_timer(asio::io_context& ctx, Handler h)
        : state_(std::make_shared<state>(std::move(h), ctx)) {}
    ends_with_its_timer(ends_with_its_timer&&) = default;
    ~ends_with_its_timer() {
        if (state_)
            asio::dispatch(asio::get_associated_executor(state_->handler),
                           [s = state_] { std::move(s->handler)(-1); });
    }
    void operator()(heddle::error_code) { std::move(state_)->handler(0); }
    void start() {
        auto& timer = state_->timer;
        timer.async_wait(std::move(*this));
    }

private:
    struct state {
        state(Handler h, asio::io_context& ctx)
            : handler(std::move(h)), timer(ctx, 1h) {}
        Handler handler;
        asio::steady_timer timer;
    };
    std::shared_ptr<state> state_;
};

}  // namespace

TEST_CASE("after main has ended no task runs, even if its operation completes later") {
    bool ran_on = false;
    run([](bool* ran) -> task<> {
        auto ex = heddle::this_task::executor();
        auto& ctx =
            static_cast<asio::io_context&>(asio::query(ex, asio::execution::context));
        auto wait = [](asio::io_context* in, bool* r) -> task<> {
            auto start = [in](auto token) {
                return asio::async_initiate<decltype(token), void(int)>(
                    [in](auto handler) {
                        ends_with_its_timer(*in, std::move(handler)).start();
                    },
                    token);
            };
            (void)co_await start(heddle::use_task);
            *r = true;
        };
        go(wait, &ctx, ran);
        co_await heddle::sleep(1ms);
    }(&ran_on));
    CHECK(!ran_on);
}

TEST_CASE("run inside a task or in a handler of a host is refused, and has no effect") {
    const std::string what = "heddle: a task, or a handler that runs in a host, would "
                             "block the thread of its "
                             "event loop: co_await the task, or start it with go";
    int before = tracked::alive();
    bool ran = false;
    auto inner = [](tracked, bool& did) -> task<int> {
        did = true;
        co_return 1;
    };
    auto refused = [&] {
        CHECK_THROWS_WITH_AS(run(inner(tracked(), ran)), what.c_str(),
                             std::logic_error);
        CHECK_THROWS_WITH_AS(run({.virtual_clock = true}, inner(tracked(), ran)),
                             what.c_str(), std::logic_error);
        CHECK_THROWS_WITH_AS(run({.threads = 2}, inner(tracked(), ran)), what.c_str(),
                             std::logic_error);
    };
    run([](auto& refuse) -> task<> {
        refuse();
        co_return;
    }(refused));
    test::world world;
    heddle::go(
        asio::make_strand(world.ctx),
        [](auto refuse) -> task<> {
            refuse();
            asio::post(heddle::this_task::executor(), refuse);
            co_return;
        },
        std::ref(refused));
    world.settle();
    CHECK(!ran);
    CHECK(tracked::alive() == before);
}

TEST_CASE("run is allowed in a handler outside every host") {
    auto inner = [](int n) -> task<int> {
        co_await heddle::yield();
        co_return n;
    };
    asio::io_context ctx;
    int sum = 0;
    asio::post(ctx, [&] { sum += run(inner(1)); });
    asio::co_spawn(
        ctx,
        [](auto make, int& to) -> asio::awaitable<void> {
            to += run(make(2));
            co_return;
        }(inner, sum),
        asio::detached);
    ctx.run();
    CHECK(sum == 3);
}

namespace {

/// Returns the result of `f` in a forked child, which may take 20 seconds.
template <class F>
bool in_child(F f) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(20);
        ::_exit(f() ? 7 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

}  // namespace

TEST_CASE("in a forked child the contexts of its parent do not hide a deadlock") {
    asio::io_context of_parent;
    go(of_parent, wait_in, heddle::channel<>());
    of_parent.poll();
    auto two = [] {
        for (int i = 0; i < 2; ++i)
            if (!contains(deadlock_of(wait_in(heddle::channel<>())), "deadlock"))
                return false;
        return true;
    };
    CHECK(in_child(two));
    CHECK(in_child([&] { return in_child(two); }));
    // A context that ends there, or gets another host, does not hide it either.
    std::optional<asio::io_context> dies(std::in_place);
    go(*dies, wait_in, heddle::channel<>());
    CHECK(in_child([&] {
        go(asio::make_strand(*dies), wait_in, heddle::channel<>());
        dies->restart();
        dies->poll();
        dies.reset();
        return two();
    }));
}

TEST_CASE(
    "a context that a forked child runs may wake main, so a wait is no deadlock") {
#if defined(__SANITIZE_THREAD__) || defined(HEDDLE_TEST_EMULATED)
    MESSAGE("skipped: ThreadSanitizer and qemu let no child of a fork start threads");
    return;
#endif
    asio::io_context other;
    heddle::channel<int> answers;
    go(
        other,
        [](heddle::sender<int> out) -> task<> {
            co_await heddle::sleep(300ms);
            co_await out.send(7);
        },
        answers);
    other.notify_fork(asio::io_context::fork_prepare);
    CHECK(in_child([&] {
        other.notify_fork(asio::io_context::fork_child);
        test::joined_thread there([&] { other.run(); });
        return run([](heddle::receiver<int> in) -> task<std::optional<int>> {
                   co_return co_await in.receive();
               }(answers)) == 7;
    }));
    other.notify_fork(asio::io_context::fork_parent);
}

// This case is the last of the suite, because it starts a thread.
TEST_CASE("while another context lives, a run that waits is no deadlock") {
    auto answer = [](heddle::receiver<int> in, heddle::sender<int> out) -> task<> {
        while (auto n = co_await in.receive())
            co_await out.send(*n + 1);
    };
    asio::io_context other;
    auto work = asio::make_work_guard(other);
    heddle::channel<int> questions, answers;
    go(other, answer, questions, answers);
    test::joined_thread there([&] { other.run(); });
    run([](heddle::channel<int> ask, heddle::receiver<int> in) -> task<> {
        for (int i = 0; i < 100; ++i) {
            co_await ask.send(i);
            auto n = co_await in.receive();
            CHECK(n == i + 1);
        }
        ask.close();
    }(questions, answers));
    work.reset();
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("run.threads");

#ifdef __GLIBC__
TEST_CASE("SIGQUIT is blocked only as long as the run that dumps on it, however the "
          "run ends") {
    pthread_attr_t before, impossible;
    REQUIRE(::pthread_getattr_default_np(&before) == 0);
    REQUIRE(::pthread_getattr_default_np(&impossible) == 0);
    ::pthread_attr_setstacksize(&impossible, ~std::size_t{0} << 20);
    // Now no thread can be started.
    REQUIRE(::pthread_setattr_default_np(&impossible) == 0);
    CHECK_THROWS_AS(heddle::run({.threads = 1, .dump_on_quit = true},
                                []() -> heddle::task<> { co_return; }()),
                    std::system_error);
    ::pthread_setattr_default_np(&before);
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    CHECK(::sigismember(&now, SIGQUIT) == 0);
}
#endif

TEST_SUITE_END();
