// SPDX-License-Identifier: BSL-1.0
// Hosts under load: wakes from other threads, contexts that several threads run,
// strands, and contexts that end while others send. Every value that is sent is
// accounted for.
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using test::crew;

/// Counts down for plain threads: at zero, all tasks that hold it have ended or were
/// destroyed.
class tally {
public:
    explicit tally(int n) : left_(n) {}
    void down() {
        if (left_.fetch_sub(1) == 1)
            zero_.set_value();
    }
    void wait() { zero_.get_future().get(); }

private:
    std::atomic<int> left_;
    std::promise<void> zero_;
};

heddle::task<> send_many(heddle::sender<int> out, int n, tally& t) {
    for (int i = 1; i <= n; ++i)
        co_await out.send(i);
    t.down();
}

heddle::task<> sum_up(heddle::receiver<int> in, std::atomic<long>& to, tally& t) {
    long sum = 0;
    while (auto v = co_await in.receive())
        sum += *v;
    to += sum;
    t.down();
}

/// A value that counts the objects that have it, over all threads.
class parcel {
public:
    explicit parcel(int) { ++alive; }
    parcel(parcel&& o) noexcept : full_(std::exchange(o.full_, false)) {}
    parcel& operator=(parcel&& o) noexcept {
        if (full_)
            --alive;
        full_ = std::exchange(o.full_, false);
        return *this;
    }
    ~parcel() {
        if (full_)
            --alive;
    }
    static inline std::atomic<int> alive{0};

private:
    bool full_ = true;
};

}  // namespace

TEST_SUITE_BEGIN("stress.host");

TEST_CASE("every value sent between contexts and strands arrives once") {
    for (std::size_t capacity : {0u, 1u, 16u}) {
        CAPTURE(capacity);
        crew a(2), b(1), c(1);
        constexpr int senders = 6, receivers = 4, each = 1500;
        heddle::channel<int> ch(capacity);
        std::atomic<long> total{0};
        tally sent(senders), received(receivers);
        asio::any_io_executor where[] = {a.ctx.get_executor(), asio::make_strand(a.ctx),
                                         b.ctx.get_executor(), asio::make_strand(b.ctx),
                                         c.ctx.get_executor()};
        for (int i = 0; i < receivers; ++i)
            heddle::go(where[(i + 2) % 5], sum_up, ch, std::ref(total),
                       std::ref(received));
        for (int i = 0; i < senders; ++i)
            heddle::go(where[i % 5], send_many, ch, each, std::ref(sent));
        sent.wait();
        ch.close();
        received.wait();
        CHECK(total == long{senders} * each * (each + 1) / 2);
    }
}

TEST_CASE("tasks of one host share data without a lock, whichever thread wakes them") {
    crew threads(4);
    crew outside(1);
    heddle::channel<> go_on;
    // There would be a data race if two tasks of the host ran at the same time.
    long plain = 0;
    constexpr int tasks = 8, rounds = 400;
    tally ended(tasks);
    for (int i = 0; i < tasks; ++i)
        heddle::go(
            threads.ctx,
            [](heddle::receiver<> in, asio::io_context& other, int k, long& n,
               tally& t) -> heddle::task<> {
                asio::steady_timer timer(other);
                for (int r = 0; r < rounds; ++r) {
                    switch ((r + k) % 4) {
                    case 0:
                        (void)co_await in.receive();
                        break;
                    case 1:
                        co_await heddle::yield();
                        break;
                    case 2:
                        co_await asio::post(other, heddle::use_task);
                        break;
                    default:
                        timer.expires_at(heddle::time_point::min());
                        co_await timer.async_wait(heddle::use_task);
                    }
                    ++n;
                }
                t.down();
            },
            go_on, std::ref(outside.ctx), i, std::ref(plain), std::ref(ended));
    test::together(2, [&](int) {
        for (int i = 0; i < tasks * rounds / 4 / 2; ++i)
            while (go_on.try_send() != heddle::try_status::done)
                std::this_thread::yield();
    });
    ended.wait();
    threads.stop();
    CHECK(plain == long{tasks} * rounds);
}

TEST_CASE("a task ends once, by a cancellation from any thread or by completion") {
    crew home(2), other(1);
    constexpr int rounds = 400;
    std::minstd_rand random(20);
    std::atomic<int> finished{0}, cancelled{0};
    for (int r = 0; r < rounds; ++r) {
        tally ended(1);
        auto body = [](asio::io_context& ctx, std::chrono::microseconds d,
                       std::atomic<int>& ok, std::atomic<int>& no,
                       tally& t) -> heddle::task<> {
            try {
                asio::steady_timer timer(ctx, d);
                co_await timer.async_wait(heddle::use_task);
                ++ok;
            } catch (const heddle::cancelled&) {
                ++no;
            }
            t.down();
        };
        auto h = heddle::go(home.ctx, body, std::ref(r % 2 ? home.ctx : other.ctx),
                            std::chrono::microseconds(random() % 60),
                            std::ref(finished), std::ref(cancelled), std::ref(ended));
        for (auto spin = random() % 2000; spin != 0; --spin)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        h.cancel();
        ended.wait();
    }
    CHECK(finished + cancelled == rounds);
}

TEST_CASE("contexts may end while others send to their tasks: nothing leaks, and every "
          "value is counted") {
    for (int round = 0; round < 60; ++round) {
        std::optional<heddle::channel<parcel>> c(std::in_place, round % 3);
        heddle::done_source stop;
        std::atomic<int> sent{0};
        {
            crew sender(1);
            tally ended(2);
            auto send = [](heddle::sender<parcel> out, heddle::done_token done,
                           std::atomic<int>& n, tally& t) -> heddle::task<> {
                for (int i = 0;; ++i) {
                    if (co_await heddle::select(out.emplace(i), done) == 1)
                        break;
                    ++n;
                }
                t.down();
            };
            for (int i = 0; i < 2; ++i)
                heddle::go(sender.ctx, send, *c, stop.token(), std::ref(sent),
                           std::ref(ended));
            for (int k = 0; k < 3; ++k) {
                crew mortal(1);
                for (int i = 0; i < 3; ++i)
                    heddle::go(
                        mortal.ctx,
                        [](heddle::receiver<parcel> in) -> heddle::task<> {
                            while (auto v = co_await in.receive())
                                co_await heddle::yield();
                        },
                        *c);
                int goal = sent + 20;
                while (sent < goal)
                    std::this_thread::yield();
                mortal.stop();
            }  // the context ends, with receivers parked, woken or running
            stop.close();
            ended.wait();
        }
        c.reset();
        CHECK(parcel::alive == 0);
    }
}

TEST_CASE("tasks are started from many threads on many strands, and all hosts end") {
    crew threads(3);
    std::atomic<int> ran{0};
    constexpr int starters = 3, each = 500;
    tally ended(starters * each);
    test::together(starters, [&](int) {
        for (int i = 0; i < each; ++i)
            heddle::go(
                asio::make_strand(threads.ctx),
                [](std::atomic<int>& n, tally& t) -> heddle::task<> {
                    co_await heddle::yield();
                    co_await heddle::sleep(1us);
                    ++n;
                    t.down();
                },
                std::ref(ran), std::ref(ended));
    });
    ended.wait();
    threads.join();
    CHECK(ran == starters * each);
    CHECK(heddle::live_tasks(threads.ctx) == 0);
}

TEST_SUITE_END();
