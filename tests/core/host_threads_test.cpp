// SPDX-License-Identifier: BSL-1.0
// Hosts and threads: which thread runs a task, and which functions may be called from
// which thread. These tests run only with locks on. Under TSan they also show that
// nothing here races.
#include "support/joined_thread.hpp"
#include "support/latch.hpp"
#include "support/operations.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using test::crew;

/// Data that the tasks of one host share without a lock, so that parallel runs would
/// show.
struct shared {
    long n = 0;
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};

    void step() {
        overlaps += inside.fetch_add(1) != 0;
        ++n;
        --inside;
    }
};

heddle::task<> steps(shared& s, int times) {
    for (int i = 0; i < times; ++i) {
        s.step();
        co_await heddle::yield();
    }
}

/// Fulfils a promise, for which a plain thread waits, when it is destroyed.
heddle::task<> then_tell(heddle::task<> work, std::promise<void> end) {
    co_await std::move(work);
    end.set_value();
}

}  // namespace

TEST_SUITE_BEGIN("host.threads");

TEST_CASE(
    "tasks of one host never run in parallel, whichever threads run the context") {
    crew threads(4);
    shared s;
    test::together(4, [&](int) {
        for (int i = 0; i < 4; ++i)
            heddle::go(threads.ctx, steps, std::ref(s), 1000);
    });
    threads.join();
    CHECK(s.n == 16 * 1000);
    CHECK(s.overlaps == 0);
    CHECK(heddle::live_tasks(threads.ctx) == 0);
}

TEST_CASE("handlers posted to a host's executor never run in parallel with its tasks") {
    crew threads(4);
    shared s;
    std::promise<asio::any_io_executor> told;
    heddle::go(threads.ctx, [&] { told.set_value(heddle::this_task::executor()); });
    auto host = told.get_future().get();
    test::together(4, [&](int i) {
        heddle::go(host, steps, std::ref(s), 1000);
        for (int k = 0; k < 1000; ++k) {
            if (i % 2)
                asio::post(host, [&] { s.step(); });
            else
                asio::post(threads.ctx,
                           [&] { asio::dispatch(host, [&] { s.step(); }); });
        }
    });
    threads.join();
    CHECK(s.n == 8 * 1000);
    CHECK(s.overlaps == 0);
}

TEST_CASE("tasks on a strand never run in parallel with its other handlers") {
    crew threads(4);
    auto strand = asio::make_strand(threads.ctx);
    shared s;
    auto timed = [](auto on, shared& sh) -> heddle::task<> {
        asio::steady_timer timer(on.get_inner_executor());
        for (int i = 0; i < 300; ++i) {
            timer.expires_at(heddle::time_point::min());
            co_await timer.async_wait(heddle::use_task);
            sh.step();
        }
    };
    heddle::go(strand, timed, strand, std::ref(s));
    heddle::go(strand, timed, strand, std::ref(s));
    test::together(2, [&](int) {
        for (int k = 0; k < 1000; ++k)
            asio::post(strand, [&] { s.step(); });
    });
    threads.join();
    CHECK(s.n == 2 * 300 + 2 * 1000);
    CHECK(s.overlaps == 0);
}

TEST_CASE("a task stays the same task on whatever thread it goes on") {
    crew threads(4);
    std::atomic<int> wrong{0};
    auto body = [](std::atomic<int>& bad) -> heddle::task<> {
        auto id = heddle::this_task::id();
        auto host = heddle::this_task::executor();
        for (int i = 0; i < 2000; ++i) {
            co_await heddle::yield();
            // A handler of Asio's most likely resumes it on another thread.
            if (i % 10 == 0)
                co_await asio::post(asio::system_executor(), heddle::use_task);
            bad += heddle::this_task::id() != id;
            bad += heddle::this_task::executor() != host;
        }
    };
    for (int i = 0; i < 4; ++i)
        heddle::go(threads.ctx, body, std::ref(wrong));
    threads.join();
    CHECK(wrong == 0);
}

TEST_CASE("a frame may be freed on another thread than the one that allocated it") {
    crew first(1), second(1);
    heddle::channel<heddle::task<long>> tasks;
    long sum = 0;
    std::promise<void> ended;
    auto done = ended.get_future();
    auto make = [](heddle::sender<heddle::task<long>> out) -> heddle::task<> {
        for (long i = 0; i < 5000; ++i) {
            auto work = [](long n) -> heddle::task<long> { co_return n; }(i);
            co_await out.send(std::move(work));
        }
        out.close();
    };
    auto use = [](heddle::receiver<heddle::task<long>> in, long& to) -> heddle::task<> {
        while (auto t = co_await in.receive())
            to += co_await std::move(*t);
    };
    heddle::go(first.ctx, make, tasks);
    heddle::go(second.ctx, then_tell(use(tasks, sum), std::move(ended)));
    done.get();
    CHECK(sum == 5000L * 4999 / 2);
}

TEST_CASE("channels connect contexts on different threads, and keep their order") {
    crew source(1), middle(2), sink(1);
    heddle::channel<int> in, out(8);
    std::vector<int> got;
    std::promise<void> ended;
    auto done = ended.get_future();
    heddle::go(
        source.ctx,
        [](heddle::sender<int> to) -> heddle::task<> {
            for (int i = 0; i < 3000; ++i)
                co_await to.send(i);
            to.close();
        },
        in);
    heddle::go(
        middle.ctx,
        [](heddle::receiver<int> from, heddle::sender<int> to) -> heddle::task<> {
            while (auto v = co_await from.receive())
                co_await to.send(*v);
            to.close();
        },
        in, out);
    auto collect = [](heddle::receiver<int> from,
                      std::vector<int>& to) -> heddle::task<> {
        while (auto v = co_await from.receive())
            to.push_back(*v);
    };
    heddle::go(sink.ctx, then_tell(collect(out, got), std::move(ended)));
    done.get();
    REQUIRE(got.size() == 3000);
    bool in_order = true;
    for (int i = 0; i < 3000; ++i)
        in_order = in_order && got[static_cast<std::size_t>(i)] == i;
    CHECK(in_order);
}

TEST_CASE(
    "plain threads may close, cancel and try; tasks resume on their own threads") {
    crew threads(1);
    std::promise<std::thread::id> told;
    asio::post(threads.ctx, [&] { told.set_value(std::this_thread::get_id()); });
    auto home = told.get_future().get();
    std::atomic<int> elsewhere{0};
    heddle::channel<int> c;
    heddle::done_source stop;
    auto by_close = [](heddle::receiver<int> in, auto check) -> heddle::task<> {
        while (co_await in.receive())
            check();
        check();
    };
    auto by_cancel = [](heddle::task<> wait, auto check) -> heddle::task<> {
        try {
            co_await std::move(wait);
        } catch (const heddle::cancelled&) {
            check();
        }
    };
    auto check = [&] { elsewhere += std::this_thread::get_id() != home; };
    auto sleep = []() -> heddle::task<> { co_await heddle::sleep(1h); };
    auto timer = [](asio::io_context& ctx) -> heddle::task<> {
        asio::steady_timer t(ctx, 1h);
        co_await t.async_wait(heddle::use_task);
    };
    std::vector<heddle::join_handle<>> handles;
    std::vector<std::future<void>> all;
    auto start = [&](heddle::task<> work) {
        std::promise<void> p;
        all.push_back(p.get_future());
        handles.push_back(
            heddle::go(threads.ctx, then_tell(std::move(work), std::move(p))));
    };
    start(by_close(c, check));
    start(by_cancel(sleep(), check));
    start(by_cancel(timer(threads.ctx), check));
    start(by_cancel(heddle::with_done(stop.token(), sleep()), check));
    start(by_cancel(heddle::with_done(stop.token(), timer(threads.ctx)), check));
    test::together(3, [&](int i) {
        if (i == 0) {
            for (int k = 0; k < 100; ++k)
                while (c.try_send(k) != heddle::try_status::done)
                    std::this_thread::yield();
            c.close();
        } else if (i == 1) {
            handles[1].cancel();
            handles[2].cancel();
        } else {
            stop.close();
        }
    });
    for (auto& f : all)
        f.get();
    CHECK(elsewhere == 0);
    handles.clear();
    threads.join();
    CHECK(heddle::live_tasks(threads.ctx) == 0);
}

TEST_CASE("tasks that are started on a thread pool share one host") {
    asio::thread_pool pool(3);
    shared s;
    std::atomic<bool> outside{false};
    auto caller = std::this_thread::get_id();
    for (int i = 0; i < 6; ++i) {
        heddle::go(pool, steps, std::ref(s), 500);
        heddle::go(pool, [&outside, caller] {
            outside = outside || std::this_thread::get_id() == caller;
        });
    }
    pool.join();
    CHECK(s.n == 6 * 500);
    CHECK(s.overlaps == 0);
    CHECK(!outside);
    CHECK(heddle::live_tasks(pool) == 0);
}

TEST_CASE("each go on the executor of a thread pool makes a host of its own") {
    asio::thread_pool pool(3);
    std::atomic<long> n{0};
    for (int i = 0; i < 6; ++i)
        heddle::go(
            pool.get_executor(),
            [](std::atomic<long>& to) -> heddle::task<> {
                for (int k = 0; k < 500; ++k) {
                    ++to;
                    co_await heddle::yield();
                }
            },
            std::ref(n));
    pool.join();
    CHECK(n == 6 * 500);
    CHECK(heddle::live_tasks(pool) == 0);
}

TEST_CASE(
    "a context may end while threads use the channels that its tasks are parked in") {
    for (int round = 0; round < 100; ++round) {
        heddle::channel<int> c;
        heddle::done_source stop;
        test::latch start(2);
        test::joined_thread user;
        test::world world;  // destroyed first, while `user` runs
        for (int i = 0; i < 4; ++i) {
            world.go(
                [](heddle::receiver<int> in) -> heddle::task<> {
                    while (co_await in.receive()) {
                    }
                },
                c);
            world.go(
                [](heddle::receiver<int> in,
                   heddle::done_token done) -> heddle::task<> {
                    std::optional<int> v;
                    co_await heddle::select(in.receive(v), done, heddle::after(1h));
                },
                c, stop.token());
            world.go(heddle::with_done(stop.token(),
                                       [](heddle::receiver<int> in) -> heddle::task<> {
                                           (void)co_await in.receive();
                                       }(c)));
        }
        world.ctx.poll();
        CHECK(world.live() == 12);
        user = test::joined_thread([&] {
            start.arrive_and_wait();
            for (int i = 0; i < 20; ++i)
                (void)c.try_send(i);
            stop.close();
            c.close();
        });
        start.arrive_and_wait();
    }
}

TEST_CASE("a handler that another thread posts to a host while its context ends is run "
          "or destroyed") {
    using operation = test::held<void(heddle::error_code)>;
    using witness = std::shared_ptr<int>;
    struct mortal {
        explicit mortal(int kind) {
            asio::any_io_executor place = ctx->get_executor();
            if (kind == 1)
                place = asio::make_strand(*ctx);
            else if (kind == 2)
                place = heddle::parallel(*ctx, 2);
            heddle::go(place, [this] { host = heddle::this_task::executor(); });
            heddle::go(
                place,
                [](operation& o, witness) -> heddle::task<> {
                    co_await o.start(heddle::use_task);
                },
                std::ref(op), value);
            ctx->poll();
        }
        operation op;
        witness value = std::make_shared<int>();
        std::unique_ptr<asio::io_context> ctx = std::make_unique<asio::io_context>();
        asio::any_io_executor host;
    };
    for (int kind : {0, 1, 2}) {
        CAPTURE(kind);
        std::optional<mortal> m(kind);
        int left = 0, round = 0;
        test::race(
            2000, 7, [&] { m->ctx.reset(); },
            [&] {
                switch (round++ % 5) {
                case 0:
                    asio::post(m->host, [w = m->value] {});
                    m->op.complete({});
                    break;
                case 1:
                    m->op.complete_inline({});
                    asio::dispatch(m->host, [w = m->value] {});
                    break;
                case 2:
                    heddle::go(
                        m->host, [](witness) -> heddle::task<> { co_return; },
                        m->value);
                    m->op.drop();
                    break;
                case 3:
                    (void)asio::prefer(m->host,
                                       asio::execution::outstanding_work.tracked);
                    break;
                default:
                    m->op.drop();
                    asio::post(m->host, [w = m->value] {});
                }
            },
            [&] {
                m->op.drop();
                left += m->value.use_count() != 1;
                m.emplace(kind);
            });
        CHECK(left == 0);
    }
}

TEST_CASE("a work guard may be released while its context ends") {
    std::unique_ptr<asio::io_context> ctx;
    asio::any_io_executor host;
    auto prepare = [&] {
        ctx = std::make_unique<asio::io_context>();
        heddle::go(*ctx, [&] { host = heddle::this_task::executor(); });
        ctx->poll();
    };
    prepare();
    int ended = 0;
    test::race(
        10'000, 3, [&] { ctx.reset(); },
        [&] {
            auto work = asio::prefer(host, asio::execution::outstanding_work.tracked);
            ended += work != nullptr;
        },
        prepare);
    CHECK(ended == 10'000);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("deadline.threads");

TEST_CASE("a deadline that is destroyed on another thread does not keep its context "
          "running") {
    for (bool closed : {false, true}) {
        CAPTURE(closed);
        asio::io_context clock;
        auto work = asio::make_work_guard(clock);
        std::promise<void> over;
        test::joined_thread runs_clock([&] {
            clock.run();
            over.set_value();
        });
        heddle::done_source above(clock, heddle::done_token(), heddle::duration::max());
        {
            heddle::done_source d(clock, above.token(), 1h);
            // A turn after this, the host has noticed the deadline and is idle again.
            for (int i = 0; i < 2; ++i) {
                std::promise<void> turn;
                asio::post(clock, [&] { turn.set_value(); });
                turn.get_future().get();
            }
            if (closed) {
                above.close();
                CHECK(d.token().closed());
            }
            work.reset();
            if (closed)
                CHECK(over.get_future().wait_for(20s) == std::future_status::ready);
        }
        if (!closed)
            CHECK(over.get_future().wait_for(20s) == std::future_status::ready);
        clock.stop();
    }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("dump.threads");

TEST_CASE("a dump from other threads names every task, while the tasks go on") {
    crew threads(2);
    heddle::channel<int> there, back;
    there.name("there");
    back.name("back");
    std::promise<void> first, over;
    std::atomic<int> incomplete{0}, dumps{0};
    auto player = [](heddle::receiver<int> in,
                     heddle::sender<int> out) -> heddle::task<> {
        heddle::this_task::name("player");
        while (auto v = co_await in.receive())
            co_await out.send(*v + 1);
        out.try_close();
    };
    heddle::go(threads.ctx, player, there, back);
    heddle::go(
        threads.ctx,
        [](heddle::channel<int> out, heddle::channel<int> in, std::promise<void>& begun,
           std::promise<void>& ended, std::atomic<int>& dumped) -> heddle::task<> {
            heddle::this_task::name("server");
            int v = 0;
            int i = 0;
            for (; dumped < 50; ++i) {  // as long as it takes
                co_await out.send(v);
                v = *co_await in.receive();
                if (i == 0)
                    begun.set_value();
            }
            out.close();
            CHECK(v == i);
            ended.set_value();
        },
        there, back, std::ref(first), std::ref(over), std::ref(dumps));
    first.get_future().get();
    auto end = over.get_future();
    test::together(2, [&](int) {
        while (end.wait_for(0s) != std::future_status::ready) {
            auto text = heddle::dump_tasks(threads.ctx);
            ++dumps;
            if (text.find("(server)") == std::string::npos &&
                end.wait_for(0s) != std::future_status::ready)
                ++incomplete;  // the task lives at least until it reports its end
        }
    });
    threads.join();
    CHECK(dumps >= 50);
    CHECK(incomplete == 0);
    CHECK(heddle::dump_tasks(threads.ctx) == "");
}

TEST_CASE("a dump does not wait for a task that keeps its thread busy") {
    crew threads(1);
    std::promise<void> begun, dumped;
    heddle::go(
        threads.ctx,
        [](std::promise<void>& in, std::future<void> out) -> heddle::task<> {
            heddle::this_task::name("stuck");
            in.set_value();
            out.get();  // blocks the thread until the dump has been made
            co_return;
        },
        std::ref(begun), dumped.get_future());
    begun.get_future().get();
    auto text = heddle::dump_tasks(threads.ctx);
    dumped.set_value();
    CHECK(text.find("(stuck): its host is busy") != std::string::npos);
    threads.join();
}

TEST_CASE("tasks of two contexts may dump each other's tasks at the same time") {
    crew a(1), b(1);
    std::promise<void> ends[2];
    auto dumper = [](asio::io_context& other,
                     std::promise<void>& end) -> heddle::task<> {
        for (int i = 0; i < 20; ++i) {
            (void)heddle::dump_tasks(other);
            co_await heddle::yield();
        }
        end.set_value();
    };
    heddle::go(a.ctx, dumper, std::ref(b.ctx), std::ref(ends[0]));
    heddle::go(b.ctx, dumper, std::ref(a.ctx), std::ref(ends[1]));
    for (auto& end : ends)
        CHECK(end.get_future().wait_for(60s) == std::future_status::ready);
}

TEST_SUITE_END();
