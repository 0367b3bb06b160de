// SPDX-License-Identifier: BSL-1.0
// Channels between threads; every value is accounted for. laws/ has the laws in one
// thread.
#include <heddle/heddle.hpp>

#include "support/joined_thread.hpp"
#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace {

using heddle::try_status;
using test::ledger;
using test::loom;

using channel = heddle::channel<int>;

}  // namespace

TEST_SUITE_BEGIN("stress.channel");

TEST_CASE("law 6: many senders and receivers lose no value and double none") {
    for (int capacity : {0, 1, 64}) {
        CAPTURE(capacity);
        constexpr int n = 20'000, senders = 8, receivers = 7;
        loom threads;
        ledger book(n);
        channel c(capacity);
        heddle::channel<> ended;
        for (int s = 0; s < senders; ++s)
            threads.go(test::send_numbers, c, s, n, senders, book, ended);
        for (int r = 0; r < receivers; ++r)
            threads.go(test::receive_numbers, c, book);
        threads.go(test::close_all, std::vector<channel>{c}, ended, senders);
        threads.finish();
        CHECK(book.complete() == n);
    }
}

namespace {

/// A sender that gives up now and then, and does not count a refused value as sent.
heddle::task<> send_impatiently(channel out, int first, int last, int step,
                                ledger& book, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = first; i < last; i += step) {
        heddle::done_source stop(heddle::this_task::done());
        auto sender = heddle::go(
            heddle::with_done(stop.token(), [](channel to, int v) -> heddle::task<> {
                co_await to.send(v);
            }(out, i)));
        for (auto turns = random() % 4; turns != 0; --turns)
            co_await heddle::yield();
        stop.close();
        try {
            co_await sender;
            book.sent(i);
        } catch (const heddle::cancelled&) {
        }
    }
}

heddle::task<> receive_impatiently(channel in, ledger& book, unsigned seed,
                                   std::atomic<int>& senders) {
    std::mt19937 random(seed);
    while (senders.load() != 0 || in.size() != 0) {
        heddle::done_source stop;
        auto receiver = heddle::go(heddle::with_done(
            stop.token(), [](channel from, ledger& b) -> heddle::task<> {
                if (auto v = co_await from.receive())
                    b.received(*v);
            }(in, book)));
        for (auto turns = random() % 4; turns != 0; --turns)
            co_await heddle::yield();
        stop.close();
        try {
            co_await receiver;
        } catch (const heddle::cancelled&) {
        }
    }
}

heddle::task<> counted_down(heddle::task<> work, std::atomic<int>& count) {
    co_await std::move(work);
    --count;
}

}  // namespace

TEST_CASE("law 6: cancelled senders and receivers conserve every value") {
    for (int capacity : {0, 2}) {
        constexpr int n = 3000;
        loom threads;
        ledger book(n);
        std::atomic<int> senders = 3;
        channel c(capacity);
        for (int s = 0; s < 3; ++s)
            threads.go(
                +[](channel out, int first, ledger& b, std::atomic<int>& left) {
                    return counted_down(send_impatiently(out, first, n, 3, b,
                                                         static_cast<unsigned>(first)),
                                        left);
                },
                c, s, book, senders);
        for (unsigned r = 0; r < 3; ++r)
            threads.go(receive_impatiently, c, book, 100 + r, senders);
        threads.finish();
        for (int v = 0; c.try_receive(v) == try_status::done;)
            book.received(v);
        CHECK(book.wrong() == 0);
        CHECK(book.complete() > 0);
    }
}

// -- law 15: the memory model, for TSan to judge ------------------------------------

TEST_CASE("law 15: a send happens before its receive, and a close before the receive "
          "that sees it") {
    loom threads(2);
    static constexpr int n = 5000;
    int plain = 0;  // no atomic, no lock: only the channels order the accesses
    channel data(4), acks;
    heddle::channel<> over;
    threads.go(
        +[](int& x, channel out, channel in, heddle::channel<> c) -> heddle::task<> {
            for (int i = 1; i <= n; ++i) {
                x = i;
                co_await out.send(i);   // send k happens before receive k
                co_await in.receive();  // the other task's write happens before this
                CHECK(x == -i);
            }
            x = 77;
            c.close();  // close happens before the receive that sees it
        },
        plain, data, acks, over);
    threads.go(
        +[](int& x, channel in, channel out, heddle::channel<> c) -> heddle::task<> {
            for (int i = 1; i <= n; ++i) {
                co_await in.receive();
                CHECK(x == i);
                x = -i;
                co_await out.send(i);
            }
            while (co_await c.receive())
                ;
            CHECK(x == 77);
        },
        plain, data, acks, over);
    threads.finish();
}

TEST_CASE("law 15: an unbuffered receive happens before its send completes") {
    loom threads(2);
    static constexpr int n = 5000;
    int plain = 0;
    channel c;
    threads.go(
        +[](int& x, channel out) -> heddle::task<> {
            for (int i = 0; i < n; ++i) {
                co_await out.send(i);
                if (i % 2 == 0)  // the receiver wrote before it received
                    CHECK(x == i);
            }
        },
        plain, c);
    threads.go(
        +[](int& x, channel in) -> heddle::task<> {
            for (int i = 0; i < n; ++i) {
                if (i % 2 == 0)
                    x = i;
                co_await in.receive();
            }
        },
        plain, c);
    threads.finish();
}

TEST_CASE("law 15: receive k happens before send k + capacity completes") {
    loom threads;
    static constexpr int n = 20'000;
    int plain = 0;
    heddle::channel<> free(1);  // works as a mutex: send locks, receive unlocks
    for (int i = 0; i < 4; ++i)
        threads.go(
            +[](int& x, heddle::channel<> lock) -> heddle::task<> {
                for (int k = 0; k < n; ++k) {
                    co_await lock.send();
                    ++x;
                    co_await lock.receive();
                }
            },
            plain, free);
    threads.finish();
    CHECK(plain == 4 * n);
}

// -- closing ------------------------------------------------------------------------

TEST_CASE("law 24: exactly one of many closes at the same time succeeds") {
    constexpr int rounds = 500, closers = 4;
    std::vector<channel> c(rounds);
    std::atomic<int> won = 0;
    std::barrier together(closers);
    {
        std::vector<test::joined_thread> threads;
        for (int i = 0; i < closers; ++i)
            threads.emplace_back([&] {
                for (auto& each : c) {
                    together.arrive_and_wait();
                    won += each.try_close();
                }
            });
    }
    CHECK(won == rounds);
}

TEST_CASE("law 25: of a send and a close that race, one happens first") {
    static constexpr std::size_t rounds = 3000;
    for (int capacity : {0, 1}) {
        loom threads(3);
        std::vector<channel> c;
        for (std::size_t i = 0; i < rounds; ++i)
            c.emplace_back(capacity);
        std::vector<int> sent(rounds), got(rounds);
        heddle::channel<> pace;
        threads.go(
            +[](std::vector<channel>& out, std::vector<int>& ok,
                heddle::channel<> at) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    co_await at.send();
                    try {
                        co_await out[i].send(1);
                        ok[i] = 1;
                    } catch (const heddle::channel_closed&) {
                    }
                }
            },
            c, sent, pace);
        threads.go(
            +[](std::vector<channel>& in, std::vector<int>& to) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i)
                    while (auto v = co_await in[i].receive())
                        to[i] += *v;
            },
            c, got);
        threads.go(
            +[](std::vector<channel>& which, heddle::channel<> at) -> heddle::task<> {
                std::mt19937 random(25);
                for (std::size_t i = 0; i < rounds; ++i) {
                    co_await at.receive();
                    for (volatile auto spin = random() % 300; spin != 0;)
                        spin = spin - 1;
                    which[i].close();
                }
            },
            c, pace);
        threads.finish();
        CHECK(sent == got);
    }
}

TEST_CASE(
    "law 3: try_receive never reports would_block while a value or a close is there") {
    // This is Go's TestNonblockRecvRace.
    constexpr int rounds = 3000;
    std::vector<channel> c;
    for (int i = 0; i < rounds; ++i) {
        c.emplace_back(1);
        (void)c.back().try_send(1);
    }
    std::atomic<int> blocked = 0, received = 0;
    std::barrier together(2);
    auto take = [&](channel& from) {
        int v = 0;
        auto status = from.try_receive(v);
        blocked += status == try_status::would_block;
        received += status == try_status::done;
    };
    {
        test::joined_thread other([&] {
            for (auto& each : c) {
                together.arrive_and_wait();
                take(each);
            }
        });
        for (auto& each : c) {
            together.arrive_and_wait();
            each.close();
            int v = 0;
            received += each.try_receive(v) == try_status::done;
        }
    }
    CHECK(blocked == 0);
    CHECK(received == rounds);
}

// -- lifetime -----------------------------------------------------------------------

namespace {

class counted {
public:
    explicit counted(int) { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    ~counted() { --alive; }
    static inline std::atomic<int> alive = 0;
};

}  // namespace

TEST_CASE(
    "law 17: handles that are dropped while others send destroy each value once") {
    constexpr int rounds = 2000;
    std::vector<heddle::sender<counted>> out;
    std::vector<heddle::receiver<counted>> in;
    for (int i = 0; i < rounds; ++i) {
        heddle::channel<counted> c(2);
        out.emplace_back(c);
        in.emplace_back(c);
    }
    std::barrier together(2);
    {
        test::joined_thread sender([&] {
            for (auto& each : out) {
                together.arrive_and_wait();
                (void)each.try_send(counted(1));
                (void)each.try_send(counted(2));
                each = nullptr;
            }
        });
        for (auto& each : in) {
            together.arrive_and_wait();
            std::optional<counted> v;
            (void)each.try_receive(v);
            each = nullptr;
        }
    }
    CHECK(counted::alive == 0);
}

TEST_CASE("law 19: if receivers are destroyed while others send to them, each lost "
          "value is counted") {
    constexpr int rounds = 500, receivers = 4;
    std::atomic<std::uint64_t> sent = 0;
    auto before = heddle::detail::undelivered();
    for (int round = 0; round < rounds; ++round) {
        heddle::channel<counted> c, other;
        auto ctx = std::make_unique<asio::io_context>(1);
        for (int i = 0; i < receivers; ++i)
            heddle::go(*ctx, [c, other, i]() -> heddle::task<> {
                std::optional<counted> v;
                if (i % 2)
                    co_await c.receive();
                else
                    co_await heddle::select(c.receive(v), other.receive(v));
            });
        ctx->poll();
        std::barrier together(2);
        test::joined_thread sender([&] {
            together.arrive_and_wait();
            for (int i = 0; i < receivers; ++i)
                sent += (i % 3 ? c : other).try_send(counted(i)) == try_status::done;
        });
        together.arrive_and_wait();
        ctx.reset();
    }
    CHECK(heddle::detail::undelivered() - before == sent);
    CHECK(counted::alive == 0);
}

TEST_SUITE_END();
