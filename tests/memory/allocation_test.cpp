// SPDX-License-Identifier: BSL-1.0
// The library allocates nothing for an operation and little for a task, and it survives
// the failure of each of its own allocations. (Asio does not survive all of its
// failures: 1.22.1 terminates. So the programs here whose allocations fail have no
// timer and no socket.)
//
// This is a program of its own, because it replaces operator new.
#include "support/allocations.hpp"
#include "support/fail_each.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <heddle/testing.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>
#include <tuple>

using namespace std::chrono_literals;

namespace {

using heddle::use_task;
using test::fail_each;
using test::outcome;
using test::tracked;

#define SKIP_UNLESS_FRAMES_ARE_RECYCLED                                                \
    if (!test::recycling) {                                                            \
        MESSAGE("skipped: this build does not recycle frames, so each allocates");     \
        return;                                                                        \
    }

/// Returns how many allocations `rounds` rounds of a step make, after some rounds to
/// warm up.
template <class Step>
heddle::task<> count(Step step, int rounds, std::size_t& to) {
    for (int i = 0; i < 300; ++i)
        co_await step();
    std::size_t before = test::allocations();
    for (int i = 0; i < rounds; ++i)
        co_await step();
    to = test::allocations() - before;
}

/// The same in a context of its own. The step is a coroutine, so its frame counts, too.
template <class Step>
std::size_t allocations_of(asio::io_context& ctx, Step step, int rounds = 1000) {
    std::size_t n = 12345;
    heddle::go(ctx, count<Step>, step, rounds, std::ref(n));
    ctx.restart();
    ctx.run();
    return n;
}

heddle::task<> echo(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v);
    out.close();
}

}  // namespace

TEST_SUITE_BEGIN("allocation");

TEST_CASE(
    "the block of an unbuffered channel takes at most 128 bytes, whatever it carries") {
    CHECK(sizeof(heddle::detail::channel_core<int>) <= 128);
    CHECK(sizeof(heddle::detail::channel_core<std::string>) <= 128);
    CHECK(sizeof(heddle::channel<int>) == sizeof(void*));
    CHECK(sizeof(heddle::sender<int>) == sizeof(void*));
    CHECK(sizeof(heddle::receiver<int>) == sizeof(void*));
    CHECK(sizeof(heddle::join_handle<int>) == sizeof(void*));
    CHECK(sizeof(heddle::task<int>) == sizeof(void*));
}

TEST_CASE("a channel is one allocation: its core and its buffer") {
    test::empty_frame_pools();
    std::size_t before = test::allocations();
    heddle::channel<int> unbuffered;
    CHECK(test::allocations() == before + 1);
    CHECK(test::last_allocation() <= 128);
    heddle::channel<int> buffered(1000);
    CHECK(test::allocations() == before + 2);
    CHECK(test::last_allocation() <= 128 + 1000 * sizeof(int));
    auto copy = buffered;
    heddle::receiver<int> end = copy;
    CHECK(test::allocations() == before + 2);
}

TEST_CASE("with_done, with_timeout, timeout and shield are calls without a frame of "
          "their own") {
    struct call {
        static heddle::task<int> run(int v) { co_return v; }
        static heddle::task<> count(std::vector<std::size_t>& to) {
            heddle::done_source stop;
            std::size_t before = 0;
            auto begin = [&] {
                test::empty_frame_pools();
                before = test::allocations();
            };
            auto end = [&](int v) {
                to.push_back(test::allocations() - before);
                return v;
            };
            using heddle::shield, heddle::with_done, heddle::with_timeout;
            begin();
            CHECK(end(co_await run(1)) == 1);
            begin();
            CHECK(end(co_await with_done(stop.token(), run(2))) == 2);
            begin();
            CHECK(end(co_await shield(run(3))) == 3);
            begin();
            CHECK(end(co_await shield(with_done(stop.token(), shield(run(4))))) == 4);
            begin();
            CHECK(end(co_await with_timeout(1h, run(5))) == 5);
            begin();
            CHECK(end(*co_await heddle::timeout(1h, run(6))) == 6);
        }
    };
    std::vector<std::size_t> blocks;
    blocks.reserve(6);
    asio::io_context ctx;
    heddle::go(ctx, call::count, std::ref(blocks));
    ctx.run();
    // The frame of run; the last two also make a token.
    CHECK(blocks == std::vector<std::size_t>{1, 1, 1, 1, 2, 2});
}

TEST_CASE("a frame holds its awaiter once") {
    using big = std::array<char, 1500>;
    struct frames {
        static heddle::task<> plain(heddle::receiver<big>) { co_return; }
        static heddle::task<> receives(heddle::receiver<big> in) {
            std::optional<big> v;
            (void)co_await in.receive(v);
        }
    };
    heddle::channel<big> c;
    auto size_of = [&](heddle::task<> (*given)(heddle::receiver<big>)) {
        // A compiler that sees the frame destroyed at once leaves the frame on the
        // stack.
        heddle::task<> (*volatile f)(heddle::receiver<big>) = given;
        test::empty_frame_pools();
        auto t = f(heddle::receiver<big>(c));
        return test::last_allocation();
    };
    std::size_t value = sizeof(std::optional<big>);
    std::size_t grown = size_of(frames::receives) - size_of(frames::plain);
    // The frame holds the variable, and the value inside the awaiter; a copied awaiter
    // would add a third.
    CHECK(grown >= 2 * value);
    CHECK(grown < 2 * value + value / 2);
}

TEST_CASE("sends and receives allocate nothing, whether they wait or not") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    heddle::channel<int> there, back, buffer(8);
    world.go(echo, there, back);
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              co_await there.send(1);
              (void)co_await back.receive();
          }) == 0);
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              std::optional<int> v;
              int w = 0;
              co_await there.emplace(1);
              (void)co_await back.receive(v);
              co_await there.send(std::move(*v));
              (void)co_await back.receive(w);
          }) == 0);
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              co_await buffer.send(1);
              (void)co_await buffer.receive();
              int v = 0;
              (void)buffer.try_send(2);
              (void)buffer.try_receive(v);
              (void)buffer.try_receive(v);
          }) == 0);
    there.close();
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("a select allocates nothing, whether it waits or not") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    heddle::channel<int> there, back, never;
    heddle::done_source stop;
    world.go(echo, there, back);
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              std::optional<int> a, b;
              (void)co_await heddle::select(there.send(1), never.receive(b),
                                            stop.token());
              (void)co_await heddle::select(back.receive(a), never.receive(b),
                                            stop.token(), heddle::after(1h));
              (void)co_await heddle::priority_select(never.receive(b),
                                                     heddle::otherwise);
          }) == 0);
    there.close();
    world.settle();
}

TEST_CASE("a selector allocates nothing, whether it waits or not") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    heddle::channel<int> there, back, never;
    heddle::done_source stop;
    world.go(echo, there, back);
    std::optional<int> a;
    heddle::selector set;
    set.add(back.receive(a));
    set.add(never.receive(std::ignore));
    set.add(stop.token());
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              co_await there.send(1);
              (void)co_await set.next();
              set.replace(1, never.receive(std::ignore));
          }) == 0);
    there.close();
    world.settle();
}

TEST_CASE("a select of a range takes its memory from the frame pool") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    heddle::channel<int> there, back, never;
    world.go(echo, there, back);
    std::optional<int> a, b;
    std::array arms{back.receive(a), never.receive(b)};
    CHECK(allocations_of(world.ctx, [&]() -> heddle::task<> {
              co_await there.send(1);
              (void)co_await heddle::select(arms);
          }) == 0);
    there.close();
    world.settle();
}

TEST_CASE("mutex, semaphore, event, barrier and once allocate nothing to wait") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    struct primitives {
        heddle::mutex mutex;
        heddle::semaphore permits{1};
        heddle::event ready;
        heddle::barrier both{2};
        heddle::once once;
    } all;
    // Two tasks run in step, so that one of them waits in each operation.
    auto step = [&all]() -> heddle::task<> {
        {
            auto held = co_await all.mutex.lock();
            co_await heddle::yield();
        }
        co_await all.permits.acquire();
        co_await heddle::yield();
        all.permits.release();
        {
            heddle::mutex::guard held;
            if (co_await heddle::select(all.mutex.lock(held), all.permits.acquire()))
                all.permits.release();
            co_await heddle::yield();
        }
        co_await all.both.arrive_and_wait();
        heddle::go([](heddle::event& e) { e.set(); }, std::ref(all.ready));
        co_await all.ready.wait();
        co_await all.both.arrive_and_wait();
        all.ready.reset();
        co_await all.both.arrive_and_wait();
        co_await all.once.call([] {});
    };
    auto other = [](auto s) -> heddle::task<> {
        for (;;)
            co_await s();
    };
    asio::io_context ctx;
    heddle::go(ctx, other, step);
    CHECK(allocations_of(ctx, step) == 0);
}

TEST_CASE("sleep, yield and done tokens allocate nothing") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    CHECK(allocations_of(world.ctx, []() -> heddle::task<> {
              co_await heddle::yield();
              co_await heddle::sleep(1us);
          }) == 0);
    CHECK(allocations_of(world.ctx, []() -> heddle::task<> {
              heddle::done_source limit(heddle::this_task::done(), 1h);
              heddle::done_source below(limit.token());
              (void)co_await heddle::select(below.token(), heddle::otherwise);
              below.close();
              co_await below.token();
          }) == 0);
}

TEST_CASE("tasks and frames come from the pool, whether tasks are started or called, "
          "joined or not") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    test::world world;
    struct child {
        static heddle::task<int> run(int n) {
            co_await heddle::yield();
            co_return n;
        }
    };
    CHECK(allocations_of(world.ctx, []() -> heddle::task<> {
              heddle::go(child::run, 1);
              int captured = 2;
              heddle::go([captured]() -> heddle::task<> {
                  (void)co_await child::run(captured);
              });
              auto h = heddle::go(child::run, 3);
              (void)co_await h;
              (void)co_await child::run(4);
              (void)co_await heddle::with_timeout(1h, child::run(5));
              (void)co_await heddle::shield(child::run(6));
              co_await heddle::yield();
          }) == 0);
    CHECK(
        allocations_of(world.ctx, []() -> heddle::task<> {
            heddle::channel<int> c;
            heddle::wait_group group;
            group.go(
                [](heddle::sender<int> out) -> heddle::task<> { co_await out.send(1); },
                c);
            (void)co_await c.receive();
            co_await group.wait();
        }) <= 1000);  // a wait_group allocates its count, once for each group
}

TEST_CASE("awaiting an Asio operation adds no allocation of ours") {
    SKIP_UNLESS_FRAMES_ARE_RECYCLED
    using asio::ip::tcp;
    test::world world;
    tcp::acceptor acceptor(world.ctx,
                           tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket near(world.ctx), far(world.ctx);
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
    asio::steady_timer timer(world.ctx);
    std::array<char, 64> text{};

    // Asio keeps one block for each thread; any further block is allocated by the
    // operation that needs it. So the same operations with a plain handler, under no
    // token either, set the limit for ours.
    std::size_t plain = 0;
    {
        int left = 1300;
        std::size_t before = 0;
        std::function<void()> next = [&] {
            if (left == 1000)
                before = test::allocations();
            if (left-- == 0) {
                plain = test::allocations() - before;
                return;
            }
            timer.expires_at(heddle::time_point::min());
            timer.async_wait([&](auto) {
                near.async_write_some(asio::buffer(text), [&](auto, auto) {
                    far.async_read_some(asio::buffer(text),
                                        [&](auto, auto) { next(); });
                });
            });
        };
        next();
        world.ctx.restart();
        world.ctx.run();
    }
    std::size_t ours = allocations_of(world.ctx, [&]() -> heddle::task<> {
        timer.expires_at(heddle::time_point::min());
        co_await timer.async_wait(use_task);
        (void)co_await near.async_write_some(asio::buffer(text), use_task);
        (void)co_await far.async_read_some(asio::buffer(text), use_task);
    });
    CHECK(ours <= plain);
    std::size_t composed = allocations_of(world.ctx, [&]() -> heddle::task<> {
        (void)co_await asio::async_write(near, asio::buffer(text), use_task);
        (void)co_await asio::async_read(far, asio::buffer(text), use_task);
    });
    CHECK(composed <= plain);
    std::size_t inflight = 12345;
    world.go([&]() -> heddle::task<> {
        timer.expires_at(heddle::time_point::max());
        heddle::inflight waiting(timer.async_wait(use_task));
        auto part = asio::buffer(text);
        heddle::inflight writing(near.async_write_some(part, use_task));
        heddle::inflight reading(far.async_read_some(part, use_task));
        std::size_t before = 0;
        for (int round = 0; round < 1300; ++round) {
            if (round == 300)
                before = test::allocations();
            for (int happened = 0; happened < 2; ++happened)
                if (co_await heddle::select(writing, reading, waiting) == 0)
                    (void)writing.result();
                else
                    (void)reading.result();
            writing.start(near.async_write_some(part, use_task));
            reading.start(far.async_read_some(part, use_task));
        }
        inflight = test::allocations() - before;
    });
    world.ctx.restart();
    world.ctx.run();
    CHECK(inflight <= plain);
    MESSAGE("per 1000 rounds: handlers " << plain << ", tasks " << ours << ", composed "
                                         << composed);
}

// -- failing allocations ----------------------------------------------------------------

namespace {

/// A program of channels, go, select and done. Each step either happens or throws
/// bad_alloc; each value that was sent is received.
heddle::task<> produce(heddle::sender<tracked> out, int& sent) {
    for (int i = 0; i < 3; ++i) {
        co_await out.emplace(i);
        ++sent;
    }
}

heddle::task<int> consume(heddle::receiver<tracked> in, heddle::done_token done) {
    int n = 0;
    for (std::optional<tracked> v;;) {
        if (co_await heddle::select(in.receive(v), done) == 1 || !v)
            co_return n;
        ++n;
    }
}

heddle::task<> program(outcome& o) {
    int sent = 0, received = 0;
    auto attempt = [&o](auto&& f) {
        try {
            f();
            ++o.done;
            return true;
        } catch (const std::bad_alloc&) {
            ++o.failed;
            return false;
        }
    };
    std::optional<heddle::channel<tracked>> c, buffer;
    std::optional<heddle::done_source> stop, below;
    std::optional<heddle::wait_group> group;
    attempt([&] { c.emplace(); });
    attempt([&] {
        try {
            buffer.emplace(4);
        } catch (const std::length_error&) {  // thrown for a capacity that is too large
            throw std::bad_alloc();
        }
    });
    attempt([&] { stop.emplace(); });
    if (!c || !buffer || !stop)
        co_return;
    attempt([&] { below.emplace(stop->token()); });
    attempt([&] { group.emplace(); });
    heddle::join_handle<int> consumer;
    attempt([&] { consumer = heddle::go(consume, *c, stop->token()); });
    if (consumer.get())  // without a consumer the producer would rightly wait for ever
        attempt([&] { heddle::go(produce, *c, std::ref(sent)); });
    attempt([&] {
        tracked captured(9);
        heddle::go([t = std::move(captured)]() -> heddle::task<> { co_return; });
    });
    if (group)
        attempt([&] { group->go(produce, *buffer, std::ref(sent)); });
    for (int i = 0; i < 20; ++i)
        co_await heddle::yield();
    if (group)
        co_await group->wait();
    stop->close();
    try {
        // The allocation of a call's frame may fail, too.
        received += co_await consume(*buffer, stop->token());
        ++o.done;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
    tracked got;
    while (buffer->try_receive(got) == heddle::try_status::done)
        ++received;
    try {
        received += co_await consumer;
    } catch (const heddle::already_joined&) {  // the task was never started
    }
    if (consumer.get())
        CHECK(sent == received);
    try {
        std::vector<heddle::arm> arms;
        arms.emplace_back(stop->token());
        arms.emplace_back(heddle::after(1h));
        (void)co_await heddle::select(arms);
        ++o.done;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
}

/// The patterns, with the same promise; their detached tasks may fail, too.
heddle::task<> three(heddle::sender<tracked> out) {
    for (int i = 0; i < 3; ++i)
        co_await out.emplace(i);
}

heddle::task<> merge_two(outcome& o) {
    heddle::channel<tracked> a(2), b(2);
    (void)a.try_send(tracked(1));
    (void)b.try_send(tracked(2));
    heddle::receiver<tracked> all;
    try {
        all = heddle::merge(a, b);
        ++o.done;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
    for (int i = 0; i < 20; ++i)
        co_await heddle::yield();
    bool merged = all != nullptr;
    CHECK(a.size() + b.size() == (merged ? 0 : 2));
    if (!merged)
        all = a;
    a.close();
    b.close();
    int n = 0;
    while (auto v = co_await all.receive())
        ++n;
    CHECK(n == (merged ? 2 : 1));
}

heddle::task<> make_unbounded(heddle::receiver<tracked>& to) {
    to = heddle::unbounded(heddle::generate<tracked>(three));
    co_return;
}

heddle::task<> read_unbounded() {
    heddle::done_source scope;  // ends the generator if no task reads from it
    heddle::receiver<tracked> out;
    co_await heddle::with_done(scope.token(), make_unbounded(out));
    while (auto v = co_await out.receive()) {
    }
}

heddle::task<> use_actor() {
    heddle::actor<int> a(1);
    co_await a.call([](int& n) { ++n; });
    co_await a.cast([](int& n) { ++n; });
    co_await a.stop();
}

heddle::task<> serve(int turns, int& started, int& running) {
    ++started;
    ++running;
    for (int n = 0; n < turns; ++n)
        co_await heddle::yield();
    --running;
}

heddle::task<> use_run_group(int& started, int& running) {
    heddle::run_group g;
    for (int i = 0; i < 3; ++i)
        g.add([&started, &running, i] { return serve(i, started, running); },
              [](std::exception_ptr) {});
    co_await g.run();
}

heddle::task<> patterns(outcome& o) {
    int started = 0, running = 0;
    for (int i = 0; i < 4; ++i)
        try {
            if (i == 0)
                co_await merge_two(o);
            else if (i == 1)
                co_await read_unbounded();
            else if (i == 2)
                co_await use_actor();
            else
                co_await use_run_group(started, running);
            if (i == 3 && started < 3)
                ++o.failed;  // the failure is of a service that was not the first to return
            ++o.done;
        } catch (const std::bad_alloc&) {
            ++o.failed;
        } catch (const std::length_error&) {  // for a capacity that is too large
            ++o.failed;
        } catch (const std::logic_error&) {  // the loop of the actor got no memory
            ++o.failed;
        } catch (const heddle::task_abandoned&) {
            ++o.failed;
        }
    CHECK(running == 0);  // run() has waited for all services
    int before = started;
    for (int i = 0; i < 20; ++i)
        co_await heddle::yield();
    CHECK(started == before);
}

heddle::task<> keep_select(outcome& o) {
    heddle::channel<int> c[12];
    std::size_t added = 0;
    try {
        heddle::selector set;
        std::optional<int> v;
        while (added < 12)
            try {
                if (set.add(c[added].receive(v)) == added)
                    ++added;
            } catch (const std::bad_alloc&) {  // a second time
                ++o.failed;
                CHECK(set.size() == added);
            }
        for (std::size_t i = 0; i < 12; ++i) {
            heddle::go([](heddle::channel<int> to) -> heddle::task<> {
                co_await to.send(1);
            }(c[i]));
            CHECK(co_await set.next() == i);
            CHECK(v == 1);
        }
        ++o.done;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
}

/// Waits under a token for an operation of another context: the library remembers where
/// to cancel it.
heddle::task<> post_to(asio::io_context& other) {
    co_await asio::post(other.get_executor(), heddle::use_task);
}

heddle::task<> go_elsewhere(outcome& o) {
    // It is static, because newer Asio leaks a context whose construction runs out of memory.
    static asio::io_context other;
    (void)heddle::live_tasks(other);  // heddle is known to that context now
    other.restart();
    try {
        heddle::done_source stop;
        auto h = heddle::go(heddle::with_done(stop.token(), post_to(other)));
        for (int i = 0; i < 3; ++i)
            co_await heddle::yield();
        other.poll();
        co_await h;
        ++o.done;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
}

}  // namespace

TEST_CASE("law 70: each allocation of ours may fail: the operation throws bad_alloc or "
          "succeeds, and nothing leaks") {
    CHECK(fail_each(program) >= 15);
}

TEST_CASE("law 74: a channel without handles is freed with the last wait in it") {
    auto once = [](bool dies) {
        test::empty_frame_pools();
        long before = test::live_blocks();
        {
            test::world world;
            heddle::done_source stop;
            heddle::channel<int> c;
            auto waits = [](heddle::channel<int>& in) -> heddle::task<> {
                (void)co_await in.receive();
            };
            world.go(heddle::with_done(stop.token(), waits(c)));
            world.settle();
            c = nullptr;
            if (!dies)
                stop.close();
            world.settle();
        }
        test::empty_frame_pools();
        return test::live_blocks() - before;
    };
    (void)once(false);  // makes the allocations that the process makes only once
    CHECK(once(false) == 0);
    CHECK(once(true) == 0);
}

TEST_CASE("law 70: explore throws bad_alloc without memory, and reads no state that is "
          "missing") {
    auto choose = []() -> heddle::task<> {
        auto a = heddle::go([]() -> heddle::task<> { co_return; });
        auto b = heddle::go([]() -> heddle::task<> { co_return; });
        co_await a;
        co_await b;
    };
    std::size_t k = 0, refused = 0;
    for (bool reached = true; reached; ++k) {
        CAPTURE(k);
        test::empty_frame_pools();
        test::failing_allocation fail(k);
        try {
            auto all = heddle::testing::explore("two", choose);
            CHECK(all.complete);
        } catch (const std::bad_alloc&) {
            ++refused;
        }
        reached = fail.happened();
    }
    CHECK(refused >= 5);
    CHECK(refused == k - 1);
}

TEST_CASE("law 70: each allocation of a selector may fail, and the selector is as it "
          "was before") {
    CHECK(fail_each(keep_select) >= 20);
}

TEST_CASE("law 70: the allocation of a seeded choice may fail, and the choice is then "
          "among fewer tasks") {
    heddle::task<int> (*main)() = []() -> heddle::task<int> {
        heddle::channel<int> c;
        for (int i = 0; i < 8; ++i)
            heddle::go([c, i]() -> heddle::task<> { co_await c.send(i); });
        int sum = 0;
        for (int i = 0; i < 8; ++i)
            sum += *co_await c.receive();
        co_return sum;
    };
    auto run = [&] { return heddle::run({.threads = 1, .seed = 7}, main()); };
    CHECK(run() == 28);  // the pool is warm from here on
    int failed = 0;
    bool reached = true;
    for (std::size_t n = 0; reached; ++n) {
        test::failing_allocation one(n);
        int sum = 28;
        try {
            sum = run();
        } catch (const std::bad_alloc&) {
            ++failed;
        }
        reached = one.happened();
        CHECK(sum == 28);
    }
    CHECK(failed > 0);
}

TEST_CASE("law 70: the memory of a handler that waits is freed with the wait, whether "
          "the handler is called or destroyed") {
    test::empty_frame_pools();
    for (bool called : {false, true}) {
        auto once = [called] {
            test::empty_frame_pools();
            long before = test::live_blocks();
            {
                asio::io_context ctx;
                heddle::channel<tracked> c;
                asio::cancellation_signal signal;
                for (int i = 0; i < 2; ++i) {
                    auto handler = [kept = tracked(i)](heddle::error_code,
                                                       std::optional<tracked>) {};
                    if (i == 0)
                        c.async_receive(ctx, std::move(handler));
                    else
                        c.async_receive(ctx, asio::bind_cancellation_slot(
                                                 signal.slot(), std::move(handler)));
                    CHECK(c.try_send(tracked(3)) == heddle::try_status::done);
                }
                if (called)
                    ctx.run();
            }
            test::empty_frame_pools();
            return test::live_blocks() - before;
        };
        (void)once();  // makes the allocations that the process makes only once
        CHECK(once() == 0);
        CHECK(tracked::alive() == 0);
    }
}

TEST_CASE("law 70: each allocation of a task that waits for another context may fail") {
    CHECK(fail_each(go_elsewhere) >= 3);
}

TEST_CASE("law 70: each allocation of generate, merge, unbounded, actor and run_group "
          "may fail") {
    CHECK(fail_each(patterns) >= 30);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("allocation.threads");

TEST_CASE("frames that are freed on another thread come back in batches") {
    test::crew other(1);
    auto start_and_wait = [&](int n) {
        std::atomic<int> left{n};
        for (int i = 0; i < n; ++i)
            heddle::go(other.ctx, [&left] { --left; });
        while (left != 0)
            std::this_thread::yield();
    };
    start_and_wait(1'000);
    std::size_t before = test::allocations();
    constexpr int rounds = 100, each = 200;
    for (int i = 0; i < rounds; ++i)
        start_and_wait(each);
    std::size_t made = test::allocations() - before;
    MESSAGE(made, " allocations for ", rounds * each, " tasks");
    if (test::recycling)
        CHECK(made < rounds * each / 10);
}

TEST_SUITE_END();
