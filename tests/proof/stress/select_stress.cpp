// SPDX-License-Identifier: BSL-1.0
// Select between threads; every value is accounted for. laws/ has the laws in one
// thread.
#include <heddle/heddle.hpp>

#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

namespace {

using test::ledger;
using test::loom;

using channel = heddle::channel<int>;
using namespace std::chrono_literals;

}  // namespace

TEST_SUITE_BEGIN("stress.select");

namespace {

/// Two channels, one of which is ready at every instant, passed to another thread.
struct race {
    race(channel x, channel y) noexcept : a(std::move(x)), b(std::move(y)) {}
    channel a, b;
};

heddle::task<> must_find(heddle::channel<race> in, heddle::channel<> done,
                         bool by_priority, std::atomic<int>& missed) {
    while (auto r = co_await in.receive()) {
        std::optional<int> v;
        std::size_t arm;
        if (by_priority)
            arm = co_await heddle::priority_select(r->a.receive(v), r->b.receive(v),
                                                   heddle::otherwise);
        else
            arm = co_await heddle::select(r->a.receive(v), r->b.receive(v),
                                          heddle::otherwise);
        missed += arm == 2;
        co_await done.send();
    }
}

heddle::task<> make_races(heddle::channel<race> out, heddle::channel<> done,
                          bool close) {
    for (int i = 0; i < 4000; ++i) {
        channel a(1), b(close ? 0 : 1);
        (void)a.try_send(1);
        co_await out.emplace(a, b);
        if (close)
            b.close();
        else
            (void)b.try_send(1);
        int v = 0;
        (void)a.try_receive(v);  // b has been ready since before this
        co_await done.receive();
    }
    out.close();
}

}  // namespace

TEST_CASE("law 31: otherwise is not taken while some arm is ready at every instant") {
    // This is Go's TestNonblockSelectRace and TestNonblockSelectRace2 (law 26).
    for (bool close : {false, true})
        for (bool by_priority : {false, true}) {
            loom threads(2);
            std::atomic<int> missed = 0;
            heddle::channel<race> races;
            heddle::channel<> done;
            threads.go(must_find, races, done, by_priority, missed);
            threads.go(make_races, races, done, close);
            threads.finish();
            CHECK(missed == 0);
        }
}

namespace {

heddle::task<> select_send(std::vector<channel> c, int first, int last, ledger& book,
                           heddle::channel<> ended) {
    for (int i = first; i < last; ++i) {
        co_await heddle::select(c[0].send(i), c[1].send(i), c[2].send(i), c[3].send(i));
        book.sent(i);
    }
    co_await ended.send();
}

heddle::task<> select_receive(std::vector<channel> c, ledger& book) {
    for (int open = 4; open != 0;) {
        std::optional<int> v[4];
        auto arm = co_await heddle::select(c[0].receive(v[0]), c[1].receive(v[1]),
                                           c[2].receive(v[2]), c[3].receive(v[3]));
        if (v[arm]) {
            book.received(*v[arm]);
        } else {
            c[arm] = nullptr;
            --open;
        }
    }
}

}  // namespace

TEST_CASE(
    "laws 29, 30: selects that face selects and plain tasks take each value once") {
    // This is Go's TestSelectStress: on each of four channels there are a plain sender
    // and a plain receiver, and across all four three selects send and three receive.
    constexpr int each = 3000;
    for (int capacity : {0, 1}) {
        loom threads;
        ledger book(7 * each);
        std::vector<channel> c;
        heddle::channel<> ended;
        for (int i = 0; i < 4; ++i) {
            c.emplace_back(i % 2 ? capacity : 0);
            threads.go(test::send_numbers, c.back(), i * each, (i + 1) * each, 1, book,
                       ended);
            threads.go(test::receive_numbers, c.back(), book);
        }
        for (int i = 4; i < 7; ++i) {
            threads.go(select_send, c, i * each, (i + 1) * each, book, ended);
            threads.go(select_receive, c, book);
        }
        threads.go(test::close_all, c, ended, 7);
        threads.finish();
        CHECK(book.complete() == 7 * each);
    }
}

namespace {

heddle::task<> selector_send(std::vector<channel> c, int first, int last, ledger& book,
                             heddle::channel<> ended) {
    heddle::selector set;
    for (auto& out : c)
        set.add(out.send(first));
    for (int i = first; i < last; ++i) {
        co_await set.next();
        book.sent(i);
        for (std::size_t k = 0; k < c.size(); ++k)
            set.replace(k, c[k].send(i + 1));
    }
    co_await ended.send();
}

heddle::task<> drain(heddle::selector& set, std::optional<int>& v, ledger& book) {
    while (!set.empty()) {
        auto arm = co_await set.next();
        if (v)
            book.received(*v);
        else
            set.remove(arm);
    }
}

/// Its waits are cancelled over and over; the arms stay.
heddle::task<> selector_receive(std::vector<channel> c, ledger& book) {
    heddle::selector set;
    std::optional<int> v;
    for (auto& in : c)
        set.add(in.receive(v));
    while (!set.empty()) {
        heddle::done_source soon(heddle::this_task::done(), 100us);
        try {
            co_await heddle::with_done(soon.token(), drain(set, v, book));
        } catch (const heddle::cancelled&) {
        }
    }
}

}  // namespace

TEST_CASE("laws 7, 39: selectors that are cancelled meet selectors, selects and plain "
          "tasks") {
    constexpr int each = 3000;
    for (int capacity : {0, 1}) {
        loom threads;
        ledger book(8 * each);
        std::vector<channel> c;
        heddle::channel<> ended;
        for (int i = 0; i < 4; ++i) {
            c.emplace_back(i % 2 ? capacity : 0);
            threads.go(test::send_numbers, c.back(), i * each, (i + 1) * each, 1, book,
                       ended);
        }
        for (int i = 4; i < 7; ++i) {
            threads.go(selector_send, c, i * each, (i + 1) * each, book, ended);
            threads.go(selector_receive, c, book);
        }
        threads.go(select_send, c, 7 * each, 8 * each, book, ended);
        threads.go(select_receive, c, book);
        threads.go(test::close_all, c, ended, 8);
        threads.finish();
        CHECK(book.complete() == 8 * each);
    }
}

TEST_CASE("law 39: two selectors that face each other on two threads always meet") {
    for (int capacity : {0, 1}) {
        constexpr int n = 20000;
        loom threads(2);
        ledger book(n);
        std::vector<channel> c{channel(capacity), channel(0), channel(0)};
        heddle::channel<> ended;
        threads.go(selector_send, c, 0, n, book, ended);
        threads.go(selector_receive, c, book);
        threads.go(test::close_all, c, ended, 1);
        threads.finish();
        CHECK(book.complete() == n);
    }
}

namespace {

/// The sums of the values that went through a channel on which all tasks send and
/// receive.
struct balance {
    std::atomic<long> sent = 0, received = 0, left = 0;

    void took(channel& c, int v) {
        received += v;
        if (--left == 0)
            c.try_close();
    }
};

/// Offers and takes with several arms, until the channel is closed.
heddle::task<> selector_both(channel c, int sends, int receives, balance& sum) {
    heddle::selector set;
    std::optional<int> v;
    std::vector<int> offered(static_cast<std::size_t>(sends));
    int made = 0;
    for (auto& value : offered)
        set.add(c.send(value = ++made));
    for (int i = 0; i < receives; ++i)
        set.add(c.receive(v));
    try {
        for (;;) {
            auto arm = co_await set.next();
            if (arm < offered.size()) {
                sum.sent += offered[arm];
                set.replace(arm, c.send(offered[arm] = ++made));
            } else if (v) {
                sum.took(c, *v);
            } else {
                break;
            }
        }
    } catch (const heddle::channel_closed&) {
    }
}

heddle::task<> select_both(channel c, balance& sum) {
    try {
        for (int made = 1;; ++made) {
            std::optional<int> v;
            int value = made;
            if (co_await heddle::select(c.send(value), c.receive(v)) == 0)
                sum.sent += made;
            else if (v)
                sum.took(c, *v);
            else
                break;
        }
    } catch (const heddle::channel_closed&) {
    }
}

}  // namespace

TEST_CASE("laws 7, 37, 39: selectors with spare arms in both directions on one channel "
          "meet each other") {
    for (int capacity : {0, 1, 3}) {
        loom threads(3);
        balance sum;
        sum.left = 20000;
        channel c(capacity);
        threads.go(selector_both, c, 2, 1, sum);
        threads.go(selector_both, c, 1, 2, sum);
        threads.go(selector_both, c, 3, 3, sum);
        threads.go(select_both, c, sum);
        threads.finish();
        for (int v = 0; c.try_receive(v) == heddle::try_status::done;)
            sum.received += v;
        CHECK(sum.left <= 0);
        CHECK(sum.sent == sum.received);
    }
}

TEST_CASE("law 37: tasks that select to send and receive on one channel pair") {
    for (int capacity : {0, 10}) {
        loom threads(2);
        std::atomic<int> balance = 0;
        channel c(capacity);
        for (int i = 0; i < 2; ++i)
            threads.go(
                +[](channel both, std::atomic<int>& sum) -> heddle::task<> {
                    for (int k = 0; k < 5000; ++k) {
                        std::optional<int> v;
                        auto arm =
                            co_await heddle::select(both.send(k), both.receive(v));
                        sum += arm == 0 ? 1 : -1;
                    }
                },
                c, balance);
        threads.finish();
        CHECK(balance == static_cast<int>(c.size()));
    }
}

TEST_CASE("law 38: crossed selects of several threads always make progress") {
    loom threads(4);
    channel a, b;
    for (int i = 0; i < 4; ++i)
        threads.go(
            +[](channel x, channel y) -> heddle::task<> {
                for (int k = 0; k < 3000; ++k) {
                    std::optional<int> v;
                    co_await heddle::select(x.send(k), y.receive(v));
                }
            },
            i % 2 ? a : b, i % 2 ? b : a);
    threads.finish();
    CHECK(a.core()->senders().empty());
    CHECK(b.core()->senders().empty());
}

TEST_SUITE_END();
