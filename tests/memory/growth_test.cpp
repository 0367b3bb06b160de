// SPDX-License-Identifier: BSL-1.0
// Objects that live long do not grow with use: each step here runs a hundred thousand
// times, and at the end as many bytes are allocated as after a tenth of the steps.
#include "support/allocations.hpp"
#include "support/world.hpp"

#include <heddle/testing.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::task;
using heddle::use_task;

// A sanitizer without recycling, which checks each allocation, and an emulator take longer.
#ifdef HEDDLE_TEST_EMULATED
constexpr int many = 10'000;
#else
constexpr int many = test::recycling ? 100'000 : 10'000;
#endif

/// Returns the allocated bytes, without the frames that are kept for reuse.
long living() {
    test::empty_frame_pools();
    return test::live_bytes();
}

/// `run(n)` runs a step n times.
template <class Run>
void look_twice(Run run, int rounds, long slack = 0) {
    run(rounds / 10);
    long before = living();
    run(rounds - rounds / 10);
    CHECK(living() <= before + slack);
}

template <class Step>
void stays_flat(Step step, int rounds = many) {
    auto run = [&](int n) {
        for (int i = 0; i < n; ++i)
            step();
    };
    look_twice(run, rounds);
}

template <class Step>
task<> repeat(Step& step, int n) {
    for (int i = 0; i < n; ++i)
        co_await step();
}

/// The same for a step of a task; the task ends before each measurement.
template <class Step>
void stays_flat_in(test::world& world, Step step, int rounds = many) {
    auto run = [&](int n) {
        auto h = world.go(repeat<Step>, std::ref(step), n);
        world.settle();
    };
    look_twice(run, rounds);
}

/// The same where one task runs all steps, and measures itself.
template <class Step>
void stays_flat_in_one(test::world& world, Step step, int rounds = many) {
    long before = 0, after = 0;
    world.go([&]() -> task<> {
        co_await repeat(step, rounds / 10);
        before = living();
        co_await repeat(step, rounds - rounds / 10);
        after = living();
    });
    world.settle();
    CHECK(world.live() == 0);
    CHECK(before != 0);
    CHECK(after <= before);
}

/// Asio makes the mutexes that strands share one by one, and keeps them.
void make_all_mutexes_of_strands(test::world& world) {
    for (int i = 0; i < 10'000; ++i)
        (void)asio::make_strand(world.ctx);
}

task<> nothing() { co_return; }
task<> park(heddle::receiver<> until) { co_await until.receive(); }

/// Bridges the token to a std::stop_token, where the standard library has that.
void make_stop_token([[maybe_unused]] const heddle::done_token& token) {
#ifdef HEDDLE_HAS_STOP_TOKEN
    (void)token.stop_token();
#endif
}

}  // namespace

TEST_SUITE_BEGIN("growth");

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("a done token does not grow by stop_token()") {
    heddle::done_source stop;
    auto token = stop.token();
    int stopped = 0;
    std::stop_callback last(token.stop_token(), [&] { ++stopped; });
    stays_flat([&] {
        std::stop_token std_token = token.stop_token();
        std::stop_callback callback(std_token, [&] { ++stopped; });
        CHECK(std_token.stop_possible());
    });
    heddle::done_source kept;
    std::vector<std::stop_token> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(kept.token().stop_token());
    kept.close();
    for (auto& t : all)
        CHECK(t.stop_requested());
    stop.close();
    CHECK(stopped == 1);
    stays_flat([&] { CHECK(token.stop_token().stop_requested()); });
}
#endif

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("the token of a task, or of a scope in it, does not grow by stop_token()") {
    test::world world;
    heddle::done_source stop;
    stays_flat_in_one(world, []() -> task<> {
        (void)heddle::this_task::done().stop_token();
        co_return;
    });
    world.go([&]() -> task<> {
        co_await heddle::with_done(stop.token(), []() -> task<> {
            stays_flat([] { (void)heddle::this_task::done().stop_token(); });
            co_return;
        }());
    });
    world.settle();
}
#endif

TEST_CASE("a done source does not grow by the sources below it") {
    test::world world;
    make_all_mutexes_of_strands(world);
    heddle::done_source root;
    stays_flat([&] { heddle::done_source below(root.token()); });
    stays_flat([&] {
        heddle::done_source below(root.token()), lower(below.token());
        heddle::done_source moved(std::move(below));
        below = heddle::done_source(lower.token());
        auto token = lower.token();
        lower.close();
        moved = heddle::done_source(root.token());
        make_stop_token(token);
    });
    std::optional<heddle::done_source> last(std::in_place, root.token());
    stays_flat([&] { last.emplace(root.token()); });
    stays_flat(
        [&] { last.emplace(world.ctx, root.token(), heddle::time_point::max()); });
    stays_flat([&] {
        heddle::done_source timed(world.ctx, root.token(), 1h);
        heddle::done_source closed(world.ctx, root.token(), 0s);
        closed.close();
        make_stop_token(timed.token());
    });
    stays_flat([&] {
        heddle::done_source timed(asio::make_strand(world.ctx), root.token(), 1h);
        world.settle();
    });
    root.close();
    stays_flat([&] {
        heddle::done_source below(root.token());
        make_stop_token(below.token());
    });
}

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("a std::stop_source does not grow by the done sources below it") {
    std::stop_source stop;
    stays_flat([&] {
        heddle::done_source below(stop.get_token());
        (void)below.token().stop_token();
        below.close();
    });
    stop.request_stop();
    stays_flat([&] { heddle::done_source below(stop.get_token()); });
}
#endif

TEST_CASE("a channel does not grow by try_ operations, names or withdrawn waits") {
    test::world world;
    heddle::channel<std::string> c(2), empty;
    heddle::sender<std::string> out(c);
    heddle::done_source stop;
    heddle::event never;
    heddle::mutex mutex;
    heddle::semaphore none(0);
    auto held = mutex.try_lock();
    auto task_that_waits = world.go(park, heddle::receiver<>(heddle::channel<>()));
    stays_flat([&] {
        c.name("too long to be kept in the string itself: " + std::to_string(many));
        std::optional<std::string> v;
        heddle::channel<std::string> copy(c);
        heddle::receiver<std::string> in(copy);
        (void)out.try_send(std::string(100, 'x'));
        (void)in.try_receive(v);
        (void)in.try_receive(v);
    });
    stays_flat_in(world, [&]() -> task<> {
        std::optional<std::string> v;
        heddle::mutex::guard guard;
        (void)co_await heddle::select(empty.receive(v), empty.send(std::string()),
                                      stop.token(), mutex.lock(guard), none.acquire(),
                                      never.wait(), task_that_waits,
                                      heddle::receiver<std::string>().receive(v),
                                      heddle::after(1h), heddle::otherwise);
        heddle::channel<> go_on;
        heddle::go([go_on]() -> task<> {
            (void)go_on.try_send();
            co_return;
        });
        (void)co_await heddle::select(empty.receive(v), empty.send(std::string()),
                                      stop.token(), mutex.lock(guard), none.acquire(),
                                      never.wait(), task_that_waits, heddle::after(1h),
                                      go_on.receive());
    });
}

TEST_CASE(
    "nothing that tasks wait for grows by tasks that are cancelled while they wait") {
    test::world world;
    heddle::channel<int> c;
    heddle::event never;
    heddle::mutex mutex;
    auto held = mutex.try_lock();
    heddle::barrier both(2);
    heddle::latch latch(1);
    heddle::wait_group group;
    heddle::done_source stop;
    group.add(1);
    auto wait_for = [&](int what) -> task<> {
        switch (what) {
        case 0:
            co_await c.send(1);
            break;
        case 1:
            (void)co_await c.receive();
            break;
        case 2:
            co_await never.wait();
            break;
        case 3:
            (void)co_await mutex.lock();
            break;
        case 4:
            co_await both.arrive_and_wait();
            break;
        case 5:
            co_await latch.wait();
            break;
        case 6:
            co_await group.wait();
            break;
        case 7:
            co_await stop.token();
            break;
        default:
            co_await heddle::sleep(1h);
        }
    };
    for (int what = 0; what < 9; ++what) {
        CAPTURE(what);
        if (what == 4)
            continue;  // an arrival is not withdrawn
        stays_flat_in(
            world,
            [&]() -> task<> {
                auto h = heddle::go(wait_for, what);
                co_await heddle::yield();
                h.cancel();
                try {
                    co_await h;
                } catch (const heddle::cancelled&) {
                }
            },
            many / 10);
    }
    group.done();
}

TEST_CASE("waiting handlers leave nothing behind, however their waits end") {
    test::world world;
    heddle::channel<int> c, other, full(1);
    CHECK(full.try_send(1) == heddle::try_status::done);
    heddle::done_source stop;
    asio::cancellation_signal reused;
    asio::strand<asio::io_context::executor_type> strand(world.ctx.get_executor());
    auto h = world.go(park, heddle::receiver<>(heddle::channel<>()));
    auto none = [](auto&&...) {};
    stays_flat(
        [&] {
            asio::cancellation_signal once;
            c.async_receive(world.ctx, asio::bind_cancellation_slot(once.slot(), none));
            full.async_send(strand, 2,
                            asio::bind_cancellation_slot(reused.slot(), none));
            once.emit(asio::cancellation_type::terminal);
            reused.emit(asio::cancellation_type::terminal);
            h.async_join(world.ctx, asio::bind_cancellation_slot(once.slot(), none));
            once.emit(asio::cancellation_type::terminal);
            heddle::select(c.receive(std::ignore), other.receive(std::ignore),
                           full.send(3), stop.token(), h)(
                world.ctx, asio::bind_cancellation_slot(reused.slot(), none));
            reused.emit(asio::cancellation_type::terminal);
            c.async_receive(world.ctx, none);
            (void)c.try_send(1);
            world.settle();
        },
        many / 2);
}

TEST_CASE("bind_done leaves nothing behind at a token that lives long") {
    test::world world;
    heddle::done_source stop;
    asio::cancellation_signal user;
    asio::steady_timer timer(world.ctx);
    heddle::channel<int> c;
    auto none = [](auto&&...) {};
    stays_flat(
        [&] {
            timer.expires_at(heddle::time_point::min());
            timer.async_wait(heddle::bind_done(stop.token(), none));
            c.async_receive(
                world.ctx, heddle::bind_done(stop.token(), asio::bind_cancellation_slot(
                                                               user.slot(), none)));
            (void)c.try_send(1);
            world.settle();
            c.async_receive(
                world.ctx, heddle::bind_done(stop.token(), asio::bind_cancellation_slot(
                                                               user.slot(), none)));
            user.emit(asio::cancellation_type::terminal);
            world.settle();
            heddle::done_source below(stop.token());
            c.async_receive(world.ctx, heddle::bind_done(below.token(), none));
            below.close();
            world.settle();
        },
        many / 10);
}

TEST_CASE("a context does not grow by tasks, wherever they run and however they end") {
    test::world world;
    make_all_mutexes_of_strands(world);
    int failures = 0;
    auto strand = asio::make_strand(world.ctx);
    heddle::done_source stop;
    stays_flat(
        [&] {
            heddle::on_unhandled(world.ctx, [&](std::exception_ptr) { ++failures; });
            world.go(nothing);
            heddle::go(strand, nothing);
            heddle::go(asio::make_strand(world.ctx), nothing);
            heddle::go(asio::any_io_executor(strand), nothing);
            heddle::go(heddle::parallel(world.ctx, 2), nothing);
            world.go([] { throw std::runtime_error("failed"); });
            auto h = world.go([&]() -> task<std::string> {
                heddle::this_task::name(std::string(100, 'n'));
                auto token = heddle::this_task::done();
                heddle::go(nothing);
                co_await heddle::yield();
                co_return std::string(100, 'r');
            });
            auto cancelled = world.go(park, heddle::receiver<>(heddle::channel<>()));
            cancelled.cancel();
            world.go([&]() -> task<> {
                co_await heddle::resume_on(strand);
                (void)heddle::this_task::executor();
            });
            world.settle();
        },
        many / 10);
    CHECK(failures == many / 10);
    CHECK(world.live() == 0);
    stays_flat([&] { (void)heddle::dump_tasks(world.ctx); }, many / 10);
}

TEST_CASE(
    "a task that lives long does not grow by its children, calls, scopes and timers") {
    test::world world;
    make_all_mutexes_of_strands(world);
    heddle::done_source stop;
    heddle::ticker every(1us);
    auto grandchildren = []() -> task<> {
        heddle::go([]() -> task<> {
            co_await heddle::yield();
            co_await heddle::yield();
            heddle::done_source of_it(heddle::this_task::done());
        });
        co_return;
    };
    for (bool held : {false, true}) {
        auto run = [&](int n) {
            auto h = world.go([&]() -> task<> {
                auto step = [&]() -> task<> {
                    heddle::go(grandchildren);
                    co_await heddle::go(grandchildren);
                    co_await heddle::with_done(stop.token(), nothing());
                    co_await heddle::with_timeout(1h, heddle::shield(nothing()));
                    heddle::done_source limit(heddle::this_task::done(), 1h);
                    heddle::timer tick = every.next();
                    (void)co_await heddle::select(tick, heddle::otherwise);
                    (void)co_await heddle::select(heddle::after(1h), heddle::after(0s));
                    make_stop_token(heddle::this_task::done());
                    co_await heddle::resume_on(asio::make_strand(world.ctx));
                    heddle::external_producer producer;
                    co_await heddle::resume_on(world.ctx);
                };
                co_await repeat(step, n);
            });
            if (!held)
                h = {};
            world.settle();
        };
        look_twice(run, many / 2);
    }
    stays_flat_in_one(world, [&]() -> task<> {
        heddle::go(grandchildren);
        co_await heddle::go(grandchildren);
        co_await heddle::yield();
        co_await heddle::yield();
        co_await heddle::yield();
        co_await heddle::yield();
    });
}

TEST_CASE("a chain of tasks, each of which starts the next and ends, does not grow") {
    enum { detached, held, cancelled, exposed, named };
    struct chain {
        task<> link(int left) {
            if (left == 0)
                last = living();
            else if (left == many - many / 10)
                first = living();
            if (how == exposed)
                (void)heddle::this_task::done();
            if (how == named)
                heddle::this_task::name("a link");
            if (left > 0)
                heddle::go([this](int n) { return link(n); }, left - 1);
            co_return;
        }
        int how;
        long first = 0, last = 0;
    };
    for (int how : {detached, held, cancelled, exposed, named}) {
        CAPTURE(how);
        test::world world;
        chain one{how};
        auto h = world.go([&one](int n) { return one.link(n); }, many);
        if (how == detached)
            h = {};
        if (how == cancelled)
            h.cancel();
        world.settle();
        CHECK(one.first != 0);
        CHECK(one.last <= one.first);
    }
}

TEST_CASE("a mutex, semaphore or other primitive does not grow by its use") {
    test::world world;
    struct primitives {
        heddle::mutex mutex;
        heddle::semaphore permits{1};
        heddle::event ready;
        heddle::barrier both{2};
        heddle::wait_group group;
        heddle::once once;
        heddle::latch latch{0};
    } all;
    stays_flat_in(world, [&all]() -> task<> {
        auto h = heddle::go([&all]() -> task<> {
            auto held = co_await all.mutex.lock();
            co_await all.permits.acquire();
            co_await heddle::yield();
            all.permits.release();
            all.ready.set();
            co_await all.both.arrive_and_wait();
        });
        all.group.go([]() -> task<> { co_await heddle::yield(); });
        co_await heddle::yield();
        if (co_await heddle::select(all.ready.wait(), all.permits.acquire()) == 1)
            all.permits.release();
        co_await all.ready.wait();
        co_await all.permits.acquire();
        all.permits.release();
        co_await all.both.arrive_and_wait();
        all.ready.reset();
        co_await all.group.wait();
        co_await all.latch.wait();
        co_await all.once.call([] {});
        co_await h;
        if (all.permits.try_acquire())
            all.permits.release();
    });
}

TEST_CASE(
    "a group, a run_group, an actor and the other patterns do not grow by their use") {
    test::world world;
    long before = 0, after = 0;
    world.go([&]() -> task<> {
        heddle::group group(2);
        heddle::run_group services;
        services.add(nothing);
        heddle::actor<int> counter(0);
        auto step = [&]() -> task<> {
            for (int i = 0; i < 3; ++i)
                group.go(nothing);
            co_await group.wait();
            co_await services.run();
            int n = co_await counter.call([](int& state) { return ++state; });
            CHECK(n > 0);
            co_await counter.cast([](int& state) -> task<> {
                ++state;
                co_return;
            });
            auto give = [](heddle::sender<int> out) -> task<> { co_await out.send(1); };
            auto all = heddle::unbounded(heddle::merge(heddle::generate<int>(give),
                                                       heddle::generate<int>(give)));
            for (int got = 0; co_await all.receive(got);) {
            }
            for (int i = 0; i < 4; ++i)
                co_await heddle::yield();
        };
        co_await repeat(step, many / 100);
        before = living();
        co_await repeat(step, many / 10);
        after = living();
        co_await counter.stop();
    });
    world.settle();
    CHECK(world.live() == 0);
    CHECK(before != 0);
    CHECK(after <= before);
}

TEST_CASE("a selector and the sources of its arms do not grow by its arms") {
    test::world world;
    heddle::channel<int> a(1), b, never;
    heddle::done_source stop;
    heddle::event event;
    heddle::selector set;
    std::optional<int> v;
    set.add(a.receive(v));
    set.add(never.receive(v));
    set.add(stop.token());
    stays_flat_in(world, [&]() -> task<> {
        (void)a.try_send(1);
        std::size_t i = set.add(b.send(2));
        std::size_t j = set.add(event.wait());
        std::size_t k = set.add(heddle::after(1h));
        CHECK(co_await set.next() == 0);
        set.replace(i, b.receive(v));
        set.disable(j);
        set.enable(j);
        set.remove(i);
        set.remove(j);
        set.remove(k);
        heddle::selector brief;
        brief.add(never.receive(v));
        brief.add(stop.token());
        brief.add(heddle::after(0s));
        CHECK(co_await brief.next() == 2);
    });
}

TEST_CASE("withdrawn timers leave nothing behind in the heap or in the wheel") {
    test::world world;
    heddle::channel<> go_on;
    std::vector<heddle::join_handle<>> sleepers;
    for (int i = 0; i < 200; ++i)  // now the wheel exists
        sleepers.push_back(world.go(
            [](int n) -> task<> { co_await heddle::sleep(std::chrono::hours(n)); },
            i + 1));
    world.settle();
    stays_flat_in(world, [&]() -> task<> {
        static int n = 0;
        heddle::timer named = heddle::after(1h + std::chrono::seconds(++n % 5000));
        heddle::go([go_on]() -> task<> {
            (void)go_on.try_send();
            co_return;
        });
        (void)co_await heddle::select(named, go_on.receive());
    });
    for (auto& h : sleepers)
        h.cancel();
    world.settle();
}

TEST_CASE("sockets, timers and an inflight do not grow by operations, whether "
          "cancelled or not") {
    test::world world;
    asio::local::stream_protocol::socket near(world.ctx), far(world.ctx);
    asio::local::connect_pair(near, far);
    asio::steady_timer timer(world.ctx);
    std::array<char, 4> there{}, back{};
    stays_flat_in(
        world,
        [&]() -> task<> {
            (void)co_await near.async_write_some(asio::buffer(there), use_task);
            heddle::inflight reading(far.async_read_some(asio::buffer(back), use_task));
            (void)co_await heddle::select(reading);
            (void)reading.result();
            timer.expires_after(1h);
            reading.start(far.async_read_some(asio::buffer(back), use_task));
            (void)co_await heddle::select(reading, heddle::otherwise);
            co_await reading.stop();
            auto h =
                heddle::go([&]() -> task<> { co_await timer.async_wait(use_task); });
            co_await heddle::yield();
            h.cancel();
            (void)co_await heddle::select(h);
        },
        many / 10);
}

TEST_CASE("a server does not grow by its sessions") {
    test::world world;
    using local = asio::local::stream_protocol;
    std::string path = std::string("/tmp/heddle-growth-") + std::to_string(::getpid());
    heddle::done_source stop;
    int served = 0;
    local::acceptor acceptor(world.ctx, local::endpoint(path));
    world.go(heddle::serve(std::move(acceptor), stop.token(),
                           [&served](local::socket) -> task<> {
                               ++served;
                               co_return;
                           }));
    world.settle();
    stays_flat(
        [&] {
            local::socket client(world.ctx);
            client.connect(local::endpoint(path));
            world.settle();
        },
        many / 10);
    ::unlink(path.c_str());
    CHECK(served == many / 10);
    stop.close();
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("a context and the process do not grow by signals that a task waits for") {
    test::world world;
    stays_flat(
        [&] {
            heddle::signals stop(world.ctx, {SIGUSR1}), never(world.ctx, {SIGUSR2});
            std::raise(SIGUSR1);
            world.settle();
            CHECK(stop.token().closed());
        },
        many / 10);
}

TEST_CASE("a program does not grow by runs, worlds and explorations") {
    stays_flat([] { heddle::run(nothing()); }, many / 100);
    stays_flat(
        [] {
            heddle::run({.threads = 1, .seed = 3, .virtual_clock = true}, nothing());
        },
        many / 100);
    stays_flat(
        [] {
            heddle::testing::world world;
            world.run(nothing());
            heddle::go(asio::make_strand(world.context()), nothing);
            world.settle();
        },
        many / 100);
    stays_flat(
        [] {
            heddle::testing::explore("growth", [] {
                return []() -> task<> {
                    heddle::channel<int> c;
                    heddle::go([c]() -> task<> { co_await c.send(1); });
                    (void)co_await c.receive();
                }();
            });
        },
        many / 100);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("growth.threads");

TEST_CASE("a context does not grow by the work that threads do for it") {
    asio::io_context ctx;
    heddle::channel<int> there, back;
    auto work = asio::make_work_guard(ctx);
    std::thread runs([&] { ctx.run(); });
    heddle::go(ctx, [&]() -> task<> {
        for (int n; co_await there.receive(n);) {
            n += co_await heddle::go_blocking([] { return 1; });
            co_await back.send(n);
        }
    });
    auto step = [&](int n) {
        for (int i = 0; i < n; ++i) {
            there.send_blocking(i);
            CHECK(back.receive_blocking() == i + 1);
        }
    };
    look_twice(step, many / 10, 64 * 1024);  // other threads keep some frames
    there.close();
    work.reset();
    runs.join();
}

TEST_CASE("a token does not grow by operations that complete on other threads as they "
          "start") {
    asio::thread_pool pool(1);
    heddle::done_source stop;
    auto step = [&](int n) {
        heddle::channel<> done;
        for (int i = 0; i < n; ++i) {
            asio::post(pool, heddle::bind_done(stop.token(), [done] {
                           done.async_send(asio::system_executor(), {}, [](auto) {});
                       }));
            done.receive_blocking();
        }
    };
    look_twice(step, many / 2, 64 * 1024);
    pool.join();
}

TEST_SUITE_END();
