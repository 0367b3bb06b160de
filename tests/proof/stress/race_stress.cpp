// SPDX-License-Identifier: BSL-1.0
// Two threads do one thing each at the same moment, tens of thousands of times: the
// races have windows of a few instructions. A task that is still parked when both
// contexts have run dry missed its wake.
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/environment.hpp"
#include "support/threads.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using heddle::channel;
using heddle::done_source;
using heddle::select;
using heddle::task;
using heddle::try_status;

/// tools/soak runs more.
#ifdef __SANITIZE_THREAD__
const int rounds = static_cast<int>(test::number_in("HEDDLE_RACES", 5'000));
#else
const int rounds = static_cast<int>(test::number_in("HEDDLE_RACES", 30'000));
#endif

/// Two contexts, one for each thread of a race.
struct two {
    asio::io_context a{1}, b{1};

    /// Runs both until nothing moves. Returns how many tasks are left.
    std::size_t left() {
        for (bool moved = true; moved;) {
            a.restart();
            b.restart();
            moved = a.poll() + b.poll() != 0;
        }
        return heddle::live_tasks(a) + heddle::live_tasks(b);
    }
};

void run(asio::io_context& ctx) {
    ctx.restart();
    ctx.poll();
}

/// Takes from one of two channels, or gives to one; close ends the wait, too.
task<> take(channel<int> x, channel<int> y) {
    (void)co_await test::ending(select(x.receive(std::ignore), y.receive(std::ignore)));
}
task<> give(channel<int> x, channel<int> y) {
    (void)co_await test::ending(select(x.send(1), y.send(2)));
}
task<> give_one(channel<int> x) { (void)co_await test::ending(x.send(1)); }
task<> take_one(channel<int> x) { (void)co_await test::ending(x.receive()); }

/// Races two tasks, each of which completes the other's wait. Returns how often they
/// missed each other.
template <class A, class B>
int overlooked(unsigned seed, A a, B b) {
    two contexts;
    int lost = 0;
    channel<int> x, y;
    test::race(
        rounds, seed,
        [&] {
            heddle::go(contexts.a, a(x, y));
            run(contexts.a);
        },
        [&] {
            heddle::go(contexts.b, b(x, y));
            run(contexts.b);
        },
        [&] {
            if (contexts.left() == 0)
                return;
            ++lost;
            x.close();
            y.close();
            x = channel<int>();
            y = channel<int>();
            contexts.left();
        });
    return lost;
}

}  // namespace

TEST_SUITE_BEGIN("stress.race");

TEST_CASE("laws 39, 72: a select and a send that arrive at the same time meet") {
    CHECK(overlooked(1, take, [](auto, auto y) { return give_one(y); }) == 0);
    CHECK(overlooked(2, [](auto x, auto) { return take_one(x); }, give) == 0);
    CHECK(overlooked(
              3, [](auto x, auto) { return take_one(x); },
              [](auto x, auto) { return give_one(x); }) == 0);
}

TEST_CASE("laws 30, 38, 72: two selects that arrive at the same time meet, in any "
          "order of arms") {
    CHECK(overlooked(4, take, give) == 0);
    CHECK(overlooked(5, take, [](auto x, auto y) { return give(y, x); }) == 0);
}

namespace {

/// One thread signals the other just before it waits.
class moment {
public:
    void now() { n_.fetch_add(1); }

    /// Waits for the next signal, and up to `distance` steps longer.
    void await(int distance) {
        ++seen_;
        for (int spins = 0; n_.load() < seen_; ++spins)
            if (spins > 1000)
                std::this_thread::yield();
        for (volatile int i = seen_ % distance; i > 0;)
            i = i - 1;
    }

private:
    int seen_ = 0;
    std::atomic<int> n_ = 0;
};

}  // namespace

TEST_CASE("law 31: a value that moves to and fro is always found") {
    two contexts;
    int missed = 0;
    moment there;
    channel<int> x(1), y(1);
    (void)x.try_send(1);
    auto look = [&](channel<int> from, channel<int> or_from) -> task<> {
        std::optional<int> v, u;
        there.now();
        auto arm =
            co_await select(from.receive(v), or_from.receive(u), heddle::otherwise);
        missed += arm == 2;
    };
    test::race(
        rounds, 6,
        [&] {
            heddle::go(contexts.a, look(x, y));
            run(contexts.a);
        },
        [&] {
            there.await(128);
            for (int i = 0; i < 20; ++i) {
                auto [from, to] = i % 2 ? std::tie(y, x) : std::tie(x, y);
                (void)to.try_send(1);
                int v = 0;
                (void)from.try_receive(v);
            }
        },
        [&] {
            contexts.left();
            for (int v = 0; x.try_receive(v) == try_status::done ||
                            y.try_receive(v) == try_status::done;) {
            }
            (void)x.try_send(1);
        });
    CHECK(missed == 0);
}

TEST_CASE("law 47: a token that closes while its task parks is noticed") {
    two contexts;
    int lost = 0, ended = 0;
    moment there;
    channel<int> never;
    done_source stop;
    auto waits = [&](channel<int> in) -> task<> {
        there.now();
        std::string how = co_await test::ending(in.receive());
        ended += how == "cancelled: closed";
    };
    test::race(
        rounds, 7,
        [&] {
            heddle::go(contexts.a, heddle::with_done(stop.token(), waits(never)));
            run(contexts.a);
        },
        [&] {
            there.await(512);
            stop.close();
        },
        [&] {
            if (contexts.left() != 0) {
                ++lost;
                never.close();
                never = channel<int>();
                contexts.left();
            }
            stop = done_source();
        });
    CHECK(lost == 0);
    CHECK(ended == rounds);
}

TEST_CASE("law 55: exactly one of two closes at the same time succeeds, and its cause "
          "stays") {
    done_source d;
    auto first = test::cause("first"), second = test::cause("second");
    bool by_first = false, by_second = false;
    std::exception_ptr seen_by_first, seen_by_second;
    int wrong = 0;
    test::race(
        rounds, 8,
        [&] {
            by_first = d.close(first);
            seen_by_first = d.token().cause();
        },
        [&] {
            by_second = d.close(second);
            seen_by_second = d.token().cause();
        },
        [&] {
            auto cause = d.token().cause();
            wrong += by_first == by_second || cause != (by_first ? first : second) ||
                     seen_by_first != cause || seen_by_second != cause;
            d = done_source();
        });
    CHECK(wrong == 0);
}

TEST_CASE(
    "law 25: of a send and a close that arrive at the same time, one happens first") {
    two contexts;
    int wrong = 0, sent = 0, refused = 0;
    channel<int> c(1);
    moment there;
    std::string how;
    auto sends = [&](channel<int> out) -> task<> {
        there.now();
        how = co_await test::ending(out.send(1));
    };
    test::race(
        rounds, 9,
        [&] {
            heddle::go(contexts.a, sends(c));
            run(contexts.a);
        },
        [&] {
            there.await(512);
            c.close();
        },
        [&] {
            wrong += contexts.left() != 0 || (how == "ok") != (c.size() == 1);
            (how == "ok" ? sent : refused) += 1;
            c = channel<int>(1);
        });
    CHECK(wrong == 0);
    MESSAGE(sent << " times the one, " << refused << " times the other");
}

TEST_CASE("law 48: of a value and a cancel that arrive at the same time, both sides "
          "see the same one") {
    two contexts;
    int wrong = 0, values = 0, cancels = 0;
    channel<int> c;
    heddle::join_handle<> waiter;
    std::string how;
    bool sent = false;
    auto start = [&] {
        waiter = heddle::go(
            contexts.a,
            [](channel<int> in, std::string& to) -> task<> {
                to = co_await test::ending(in.receive());
            },
            c, std::ref(how));
        contexts.left();
    };
    start();
    test::race(
        rounds, 10, [&] { sent = c.try_send(1) == try_status::done; },
        [&] { waiter.cancel(); },
        [&] {
            wrong += contexts.left() != 0 || sent != (how == "ok");
            (sent ? values : cancels) += 1;
            start();
        });
    waiter.cancel();
    contexts.left();
    CHECK(wrong == 0);
    MESSAGE(values << " times the one, " << cancels << " times the other");
}

TEST_CASE("laws 40, 45: two waiters that leave one queue at the same time leave the "
          "others in it") {
    two contexts;
    heddle::event e;
    channel<int> from_a, from_b;
    int watching = 0, wrong = 0;
    auto watch = [&](asio::io_context& ctx) {
        heddle::go(
            ctx,
            [](heddle::event& on, int& n) -> task<> {
                ++n;
                (void)co_await test::ending(on.wait());
                --n;
            },
            std::ref(e), std::ref(watching));
        contexts.left();
    };
    auto leaves = [](heddle::event& on, channel<int> in) -> task<> {
        co_await select(on.wait(), in.receive(std::ignore));
    };
    constexpr int many = 8;
    auto let_go = [](asio::io_context& ctx, channel<int> from) {
        for (int i = 0; i < many; ++i)
            (void)from.try_send(i);
        run(ctx);
    };
    test::race(
        rounds / many, 11, [&] { let_go(contexts.a, from_a); },
        [&] { let_go(contexts.b, from_b); },
        [&] {  // the waiters that left stood among others, which must all be there still
            e.set();
            wrong += contexts.left() != 0 || watching != 0;
            e.reset();
            watch(contexts.a);
            for (int i = 0; i < many; ++i) {  // waiters of a and of b alternate
                heddle::go(contexts.a, leaves(e, from_a));
                contexts.left();
                heddle::go(contexts.b, leaves(e, from_b));
                contexts.left();
            }
            watch(contexts.b);
        });
    CHECK(wrong == 0);
    e.set();
    contexts.left();
}

TEST_CASE("law 58: a context may end while another context cancels its operations, "
          "wakes its handlers and closes its tokens") {
    asio::io_context home(1);
    struct world {
        asio::io_context ctx{1};
        asio::steady_timer timer{ctx, std::chrono::hours(1)};
    };
    std::unique_ptr<world> other;
    std::optional<heddle::inflight<void(heddle::error_code)>> flying;
    heddle::join_handle<> waiting;
    heddle::channel<int> c;
    std::optional<done_source> stop;
    int called = 0, kind = 0;
    auto wait = [](asio::steady_timer& t) -> task<> {
        co_await t.async_wait(heddle::use_task);
    };
    auto begin = [&] {
        run(home);
        other = std::make_unique<world>();
        auto& timer = other->timer;
        switch (kind = (kind + 1) % 4) {
        case 0:
            waiting = heddle::go(home, wait, std::ref(timer));
            run(home);
            waiting.cancel();
            break;
        case 1:
            heddle::go(home, [&]() -> task<> {
                flying.emplace(timer.async_wait(heddle::use_task));
                co_return;
            });
            run(home);
            flying.reset();  // outside its host, which has to emit the cancellation
            break;
        case 2:
            c.async_receive(other->ctx,
                            [&](heddle::error_code, std::optional<int>) { ++called; });
            break;
        case 3:
            stop.emplace();
            timer.async_wait(heddle::bind_done(stop->token(),
                                               [&](heddle::error_code) { ++called; }));
        }
    };
    begin();
    test::race(
        rounds / 3, 11,
        [&] {
            if (kind == 2)
                (void)c.try_send(1);
            else if (kind == 3)
                stop->close();
            else
                run(home);
        },
        [&] { other = nullptr; }, begin);
    other = nullptr;
    run(home);
    CHECK(called == 0);
    CHECK(heddle::live_tasks(home) == 0);
}

TEST_CASE("law 48: a task is cancelled although its handle is dropped while it parks") {
    test::crew one(1);
    heddle::channel<int> never;
    for (unsigned n = 0; n < 100'000; ++n) {
        std::atomic<bool> runs{false};
        auto h = heddle::go(
            one.ctx,
            [](heddle::channel<int> c, std::atomic<bool>* on) -> heddle::task<> {
                *on = true;
                co_await c.receive();
            },
            never, &runs);
        while (!runs)
            std::this_thread::yield();  // the thread that sets it may need this core
        for (unsigned k = n % 40; k != 0; --k)
            (void)runs.load();
        h.cancel();
    }
    one.join();  // not while one of them is parked
    CHECK(heddle::live_tasks(one.ctx) == 0);
}

namespace {

/// A second thread, which closes each token that it is given.
class closer {
public:
    closer() : thread_([this] { close_all(); }) {}
    ~closer() {
        over_ = true;
        thread_.join();
    }
    void give(done_source& s) { given_ = &s; }
    void wait() const {
        while (given_)
            std::this_thread::yield();
    }

private:
    void close_all() {
        while (!over_)
            if (done_source* s = given_) {
                s->close();
                given_ = nullptr;
            } else {
                std::this_thread::yield();
            }
    }

    std::atomic<done_source*> given_{nullptr};
    std::atomic<bool> over_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("a token with a deadline may be destroyed while the one above it closes") {
    asio::io_context ctx;
    closer other;
    for (int n = 0; n < rounds; ++n) {
        done_source above;
        for (int i = 0; i < 20; ++i) {
            done_source limit(ctx, above.token(), std::chrono::hours(1));
            if (i == 3)
                other.give(above);
        }
        other.wait();
        if (n % 64 == 0)
            run(ctx);
    }
    CHECK(heddle::live_tasks(ctx) == 0);
}

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE(
    "a token with std::stop_tokens may be destroyed while the one above it closes") {
    closer other;
    int stopped = 0;
    for (int n = 0; n < rounds; ++n) {
        done_source above;
        std::vector<std::stop_token> both;
        {
            done_source child(above.token());
            both = {child.token().stop_token(), child.token().stop_token()};
            other.give(above);
            for (int k = n % 97; k != 0; --k)
                (void)child.token().closed();
        }
        other.wait();
        stopped += both[0].stop_requested() == both[1].stop_requested();
    }
    CHECK(stopped == rounds);
}
#endif

TEST_CASE("a dump may run while the hosts of strands start and end") {
    asio::io_context ctx;
    auto work = asio::make_work_guard(ctx);
    std::atomic<bool> over{false};
    std::thread runner([&] { ctx.run(); });
    std::thread dumper([&] {
        while (!over)
            (void)heddle::dump_tasks(ctx);
    });
    std::atomic<int> ran{0};
    for (int n = 0; n < rounds; ++n) {
        heddle::go(asio::make_strand(ctx), [&ran] { ++ran; });
        while (ran + 64 < n)
            std::this_thread::yield();
    }
    while (ran != rounds)
        std::this_thread::yield();
    over = true;
    dumper.join();
    work.reset();
    runner.join();
    CHECK(heddle::live_tasks(ctx) == 0);
}

TEST_SUITE_END();
