// SPDX-License-Identifier: BSL-1.0
// Ports of Go's test/chan programs, of the tests of its channel bugs, and of the
// channel and scheduler tests of its runtime. Each case is named after its original.
// stress/go_chan_stress.cpp has the cases that need threads; tests/README.md names the
// cases that need no port.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/ending.hpp"
#include "support/heap.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::channel;
using heddle::receiver;
using heddle::select;
using heddle::sender;
using heddle::task;
using heddle::try_status;
using heddle::testing::world;
using test::collect;
using test::numbers;
using test::run_virtual;

/// Returns whether a task that does this waits, for ever or until something else
/// happens.
bool blocks(task<> (*f)()) {
    world w;
    w.go(f);
    w.settle();
    return w.live() != 0;
}

template <class T>
task<> send_all(sender<T> out, std::vector<T> values) {
    for (auto& v : values)
        co_await out.send(v);
    out.close();
}

task<> count_to(sender<int> out, int first, int last) {
    for (int i = first; i < last; ++i)
        co_await out.send(i);
    out.close();
}

}  // namespace

TEST_SUITE_BEGIN("ports.go_chan");

// -- test/chan --------------------------------------------------------------------------

TEST_CASE("test/chan/doubleselect: one arm of each select takes effect") {
    auto main = []() -> task<> {
        constexpr int n = 20'000;
        std::array<channel<int>, 4> c;
        channel<int> all;
        heddle::wait_group readers;
        for (auto& each : c)
            readers.go(
                [](receiver<int> in, sender<int> out) -> task<> {
                    while (auto v = co_await in.receive())
                        co_await out.send(*v);
                },
                each, all);
        std::vector<int> got;
        auto collector = heddle::go(collect, all, std::ref(got));
        for (int i = 0; i < n; ++i)
            co_await select(c[0].send(i), c[1].send(i), c[2].send(i), c[3].send(i));
        for (auto& each : c)
            each.close();
        co_await readers.wait();
        all.close();
        co_await collector;
        std::sort(got.begin(), got.end());
        CHECK(got == numbers(n));
    };
    run_virtual(main(), 7);
}

TEST_CASE("test/chan/fifo: values keep their order, with and without a buffer") {
    auto main = []() -> task<> {
        channel<int> buffered(10);
        for (int i = 0; i < 10; ++i)
            co_await buffered.send(i);
        for (int i = 0; i < 10; ++i) {
            auto v = co_await buffered.receive();
            CHECK(v == i);
        }
        // Each task waits for the one before it before it takes its value.
        channel<int> c, before(1);
        co_await before.send(0);
        for (int i = 0; i < 10; ++i) {
            channel<int> after;
            heddle::go(
                [](receiver<int> in, receiver<int> turn, sender<int> next,
                   int expected) -> task<> {
                    (void)co_await turn.receive();
                    auto v = co_await in.receive();
                    CHECK(v == expected);
                    co_await next.send(0);
                },
                c, before, after, i);
            co_await c.send(i);
            before = after;
        }
        auto last = co_await before.receive();
        CHECK(last == 0);
    };
    run_virtual(main());
}

TEST_CASE("test/chan/goroutines: a chain of 10 000 tasks passes one value through") {
    auto main = []() -> task<> {
        channel<int> leftmost, left = leftmost, right;
        for (int i = 0; i < 10'000; ++i) {
            right = channel<int>();
            heddle::go(
                [](sender<int> out, receiver<int> in) -> task<> {
                    auto v = co_await in.receive();
                    co_await out.send(*v + 1);
                },
                left, right);
            left = right;
        }
        heddle::go([](sender<int> out) -> task<> { co_await out.send(0); }, right);
        auto v = co_await leftmost.receive();
        CHECK(v == 10'000);
    };
    run_virtual(main());
}

TEST_CASE_TEMPLATE("test/chan/nonblock: each type works with and without a buffer", T,
                   std::int32_t, std::int64_t, bool, std::string) {
    for (std::size_t capacity : {0u, 1u}) {
        CAPTURE(capacity);
        world w;
        channel<T> c(capacity);
        const T sent = [] {
            if constexpr (std::is_same_v<T, std::string>)
                return T("hello");
            else
                return T(1);
        }();
        T got{};
        CHECK(c.try_receive(got) == try_status::would_block);
        w.go(
            [](channel<T> in, T expected) -> task<> {
                auto v = co_await in.receive();
                CHECK(v == expected);
            },
            c, sent);
        w.settle();
        CHECK(c.try_send(sent) == try_status::done);
        w.settle();
        CHECK(w.live() == 0);
        if (capacity == 0) {
            CHECK(c.try_send(sent) == try_status::would_block);
            w.go([](channel<T> out, T v) -> task<> { co_await out.send(v); }, c, sent);
            w.settle();
        } else {
            CHECK(c.try_send(sent) == try_status::done);
            CHECK(c.try_send(sent) == try_status::would_block);
        }
        CHECK(c.try_receive(got) == try_status::done);
        CHECK(got == sent);
        CHECK(c.try_receive(got) == try_status::would_block);
    }
}

namespace {

template <class End>
concept can_receive = requires(End e) { e.receive(); };
template <class End>
concept can_send = requires(End e) { e.send(1); };
template <class End>
concept can_close = requires(End e) { e.close(); };

}  // namespace

TEST_CASE("test/chan/perm: a receiver cannot send or close, a sender cannot receive") {
    static_assert(can_receive<channel<int>> && can_send<channel<int>> &&
                  can_close<channel<int>>);
    static_assert(can_receive<receiver<int>> && !can_send<receiver<int>> &&
                  !can_close<receiver<int>>);
    static_assert(!can_receive<sender<int>> && can_send<sender<int>> &&
                  can_close<sender<int>>);
    static_assert(std::is_convertible_v<channel<int>, receiver<int>> &&
                  std::is_convertible_v<channel<int>, sender<int>>);
    static_assert(!std::is_convertible_v<receiver<int>, channel<int>> &&
                  !std::is_convertible_v<sender<int>, channel<int>> &&
                  !std::is_convertible_v<sender<int>, receiver<int>>);
    CHECK(can_receive<receiver<int>>);
}

// Power series as tasks that produce a coefficient for each request (M. D. McIlroy,
// "Squinting at power series").
namespace {

struct rational {
    long over = 0, under = 1;
    rational() = default;
    rational(long n, long d = 1)
        : over(n / std::gcd(n, d)), under(d / std::gcd(n, d)) {}
    friend rational operator+(rational a, rational b) {
        return {a.over * b.under + b.over * a.under, a.under * b.under};
    }
    friend rational operator*(rational a, rational b) {
        return {a.over * b.over, a.under * b.under};
    }
    bool operator==(const rational&) const = default;
};

struct series {
    channel<> demand;
    channel<rational> term;
};

task<rational> next(series s) {
    co_await s.demand.send();
    auto v = co_await s.term.receive();
    co_return *v;
}

task<> give(series s, rational v) {
    co_await s.demand.receive();
    co_await s.term.send(v);
}

task<> constants(series out, rational c) {
    for (;;)
        co_await give(out, c);
}

task<> copy(series from, series to) {
    for (;;) {
        co_await to.demand.receive();
        rational v = co_await next(from);
        co_await to.term.send(v);
    }
}

/// Produces each term of its input twice; the slower reader is served by a task that
/// keeps the terms.
task<> split(series from, series a, series b) {
    bool first = co_await select(a.demand.receive(), b.demand.receive()) == 0;
    rational v = co_await next(from);
    series ahead = first ? a : b, behind = first ? b : a, rest;
    heddle::go(split, from, ahead, rest);
    // `ahead` gets this term now, `behind` when it requests the term; then all go on
    // with the rest.
    co_await ahead.term.send(v);
    co_await behind.demand.receive();
    co_await behind.term.send(v);
    co_await copy(rest, behind);
}

std::array<series, 2> twice(series from) {
    std::array<series, 2> both;
    heddle::go(split, from, both[0], both[1]);
    return both;
}

task<> add(series a, series b, series out) {
    for (;;) {
        co_await out.demand.receive();
        rational x = co_await next(a), y = co_await next(b);
        co_await out.term.send(x + y);
    }
}

task<> scale(series a, rational c, series out) {
    for (;;) {
        co_await out.demand.receive();
        rational x = co_await next(a);
        co_await out.term.send(x * c);
    }
}

task<> shift(series a, rational first, series out) {
    co_await give(out, first);
    co_await copy(a, out);
}

/// (f + xF)(g + xG) = fg + x(fG + gF + xFG)
task<> multiply(series left, series right, series out) {
    co_await out.demand.receive();
    rational f = co_await next(left), g = co_await next(right);
    co_await out.term.send(f * g);
    auto F = twice(left), G = twice(right);
    series fG, gF, FG, xFG, sum, tail;
    heddle::go(scale, G[0], f, fG);
    heddle::go(scale, F[0], g, gF);
    heddle::go(multiply, F[1], G[1], FG);
    heddle::go(shift, FG, rational(0), xFG);
    heddle::go(add, fG, gF, sum);
    heddle::go(add, sum, xFG, tail);
    co_await copy(tail, out);
}

task<> integrate(series a, rational first, series out) {
    co_await give(out, first);
    for (long n = 1;; ++n) {
        co_await out.demand.receive();
        rational x = co_await next(a);
        co_await out.term.send(x * rational(1, n));
    }
}

task<std::vector<rational>> terms(series s, int n) {
    std::vector<rational> all;
    for (int i = 0; i < n; ++i)
        all.push_back(co_await next(s));
    co_return all;
}

}  // namespace

TEST_CASE("test/chan/powser1: power series of rationals are computed by a task for "
          "each operation") {
    auto main = []() -> task<> {
        series ones, also, sum, product;
        heddle::go(constants, ones, rational(1));
        heddle::go(constants, also, rational(1));
        auto a = twice(ones), b = twice(also);
        heddle::go(add, a[0], b[0], sum);
        heddle::go(multiply, a[1], b[1], product);
        auto of_sum = co_await terms(sum, 10);
        CHECK(of_sum == std::vector<rational>(10, rational(2)));
        auto of_product = co_await terms(product, 8);  // 1/(1-x)^2
        CHECK(of_product == std::vector<rational>{1, 2, 3, 4, 5, 6, 7, 8});
        // exp = 1 + the integral of exp, so the tasks form a loop.
        series exp, integral;
        auto e = twice(integral);
        heddle::go(integrate, e[0], rational(1), integral);
        auto of_exp = co_await terms(e[1], 6);
        CHECK(of_exp ==
              std::vector<rational>{{1}, {1}, {1, 2}, {1, 6}, {1, 24}, {1, 120}});
    };
    run_virtual(main(), 3);
}

TEST_CASE("test/chan/select: a nil arm is off, but its value expression is evaluated") {
    auto main = []() -> task<> {
        int made = 0;
        auto value = [&made] { return ++made; };
        channel<int> a(1), b(1), off_a = a, off_b = b;
        for (int i = 0; i < 2; ++i)
            if (co_await select(off_a.send(value()), off_b.send(value())) == 0)
                off_a = nullptr;
            else
                off_b = nullptr;
        CHECK(made == 4);
        CHECK(a.size() + b.size() == 2);
        auto arm = co_await select(off_a.send(value()), off_b.send(value()),
                                   heddle::otherwise);
        CHECK(arm == 2);
        CHECK(made == 6);
    };
    run_virtual(main());
}

TEST_CASE("test/chan/select2: 100 000 selects leave no memory behind") {
    world w;
    channel<int> c, quiet;
    auto run = [&](int n) {
        w.go(
            [](channel<int> in, channel<int> other, int count) -> task<> {
                for (int i = 0; i < count; ++i) {
                    std::optional<int> v, u;
                    co_await select(in.receive(v), other.receive(u));
                }
            },
            c, quiet, n);
        w.go(
            [](channel<int> out, channel<int> other, int count) -> task<> {
                for (int i = 0; i < count; ++i)
                    co_await select(out.send(i), other.send(i));
            },
            c, channel<int>(nullptr), n);
        w.settle();
    };
    run(100);
    auto before = test::heap_in_use();
    run(100'000);
    CHECK(w.live() == 0);
    CHECK(test::heap_in_use() <
          before + 4096);  // always so where a sanitizer replaces malloc
}

TEST_CASE("test/chan/select3: each operation waits for ever exactly when it should") {
    auto never = [](task<> (*f)()) { CHECK(blocks(f)); };
    auto at_once = [](task<> (*f)()) { CHECK_FALSE(blocks(f)); };
    // A nil channel.
    never([]() -> task<> { co_await channel<int>(nullptr).send(7); });
    never([]() -> task<> { (void)co_await channel<int>(nullptr).receive(); });
    // No arm.
    never([]() -> task<> {
        std::vector<heddle::arm> none;
        co_await select(none);
    });
    // An empty and open channel.
    never([]() -> task<> {
        channel<int> c;
        co_await c.send(7);
    });
    never([]() -> task<> {
        channel<int> c;
        (void)co_await c.receive();
    });
    never([]() -> task<> {
        channel<int> c(10);
        (void)co_await c.receive();
    });
    never([]() -> task<> {
        channel<int> c(2);
        for (int i = 0; i < 3; ++i)
            co_await c.send(i);
    });
    at_once([]() -> task<> {
        channel<int> c(2);
        for (int i = 0; i < 2; ++i)
            co_await c.send(i);
    });
    // A closed channel.
    at_once([]() -> task<> {
        channel<int> c;
        c.close();
        auto v = co_await c.receive();
        CHECK_FALSE(v);
        std::string how = co_await test::ending(c.send(7));
        CHECK(how.find("closed") != std::string::npos);
    });
    at_once([]() -> task<> {
        channel<int> c(10);
        co_await c.send(5);
        c.close();
        auto v = co_await c.receive();
        CHECK(v == 5);
        v = co_await c.receive();
        CHECK_FALSE(v);
    });
    // A select with an arm that is never ready, and one that is ready.
    at_once([]() -> task<> {
        channel<int> c(1), nil(nullptr);
        auto arm = co_await select(nil.send(1), c.send(7));
        CHECK(arm == 1);
    });
    never([]() -> task<> {
        channel<int> nil(nullptr);
        std::optional<int> v;
        co_await select(nil.send(7), nil.receive(v));
    });
    at_once([]() -> task<> {
        channel<int> nil(nullptr);
        std::optional<int> v;
        auto arm = co_await select(nil.send(7), nil.receive(v), heddle::otherwise);
        CHECK(arm == 2);
    });
    // A select with itself.
    never([]() -> task<> {
        channel<int> c;
        std::optional<int> v;
        co_await select(c.send(7), c.receive(v));
    });
    at_once([]() -> task<> {
        channel<int> c(10);
        std::optional<int> v;
        co_await select(c.send(7), c.receive(v));
    });
}

TEST_CASE(
    "test/chan/select4: a value is received into its destination, and only there") {
    auto main = []() -> task<> {
        channel<int> c(1), c1;
        co_await c.send(42);
        std::optional<int> v, untouched(-1);
        auto arm = co_await select(c1.receive(untouched), c.receive(v));
        CHECK(arm == 1);
        CHECK(v == 42);
        CHECK(untouched == -1);
    };
    run_virtual(main());
}

TEST_CASE(
    "test/chan/select5: each mix of three arms works, with and without otherwise") {
    enum kind { nil, can_take, cannot_take, can_give, cannot_give };
    auto ready = [](int k) { return k == can_take || k == can_give; };
    for (int mix = 0; mix < 125; ++mix)
        for (bool otherwise : {false, true}) {
            std::array<int, 3> kinds{mix % 5, mix / 5 % 5, mix / 25};
            CAPTURE(kinds[0]);
            CAPTURE(kinds[1]);
            CAPTURE(kinds[2]);
            std::array<channel<int>, 3> c;
            std::array<std::optional<int>, 3> got;
            std::vector<heddle::arm> arms;
            bool any = false;
            for (std::size_t i = 0; i < 3; ++i) {
                int k = kinds[i];
                c[i] = k == nil ? channel<int>(nullptr) : channel<int>(1);
                if (k == can_take || k == cannot_give)
                    (void)c[i].try_send(100 + static_cast<int>(i));
                if (k == can_take || k == cannot_take)
                    arms.emplace_back(c[i].receive(got[i]));
                else
                    arms.emplace_back(c[i].emplace(static_cast<int>(i)));
                any |= ready(k);
            }
            std::optional<std::size_t> chosen;
            world w(static_cast<std::uint64_t>(mix) + 1);
            w.go(
                [](std::vector<heddle::arm>& all, bool or_else,
                   std::optional<std::size_t>& to) -> task<> {
                    std::size_t arm;
                    if (or_else)
                        arm = co_await select(std::move(all[0]), std::move(all[1]),
                                              std::move(all[2]), heddle::otherwise);
                    else
                        arm = co_await select(all);
                    to = arm;
                },
                std::ref(arms), otherwise, std::ref(chosen));
            w.settle();
            if (!any) {
                CHECK(chosen.has_value() == otherwise);
                CHECK(chosen.value_or(3) == 3);
            } else {
                REQUIRE(chosen.has_value());
                REQUIRE(*chosen < 3);
                auto i = *chosen;
                CHECK(ready(kinds[i]));
                if (kinds[i] == can_take)
                    CHECK(got[i] == 100 + static_cast<int>(i));
                else
                    CHECK(c[i].size() == 1);
            }
            for (std::size_t i = 0; i < 3; ++i)  // the others are unchanged
                if (!chosen || i != *chosen) {
                    CHECK_FALSE(got[i].has_value());
                    CHECK(c[i].size() ==
                          (kinds[i] == can_take || kinds[i] == cannot_give));
                }
        }
}

TEST_CASE("test/chan/select6: a select that loses does not corrupt the queue (2075)") {
    auto main = []() -> task<> {
        channel<bool> c, c2(0);
        channel<> ready;
        auto waits = [](channel<bool> in, channel<> r, int& got) -> task<> {
            co_await r.send();
            if (auto v = co_await in.receive())
                ++got;
        };
        int got = 0;
        auto first = heddle::go(waits, c, ready, std::ref(got));
        co_await ready.receive();
        auto second = heddle::go(
            [](channel<bool> a, channel<bool> b, channel<> r) -> task<> {
                co_await r.send();
                std::optional<bool> v, u;
                co_await select(a.receive(v), b.receive(u));
            },
            c, c2, ready);
        co_await ready.receive();
        auto third = heddle::go(waits, c, ready, std::ref(got));
        co_await ready.receive();
        co_await heddle::yield();
        co_await c2.send(true);  // the arm in the middle leaves c's queue
        co_await second;
        co_await c.send(true);
        co_await c.send(true);
        co_await first;
        co_await third;
        CHECK(got == 2);
    };
    run_virtual(main());
}

TEST_CASE("test/chan/select7: a select of one, two or three arms may drop the value") {
    auto take1 = [](receiver<int> in) -> task<> {
        co_await select(in.receive(std::ignore));
    };
    auto take2 = [](receiver<int> in) -> task<> {
        channel<int> other;
        co_await select(in.receive(std::ignore), other.receive(std::ignore));
    };
    auto take3 = [](receiver<int> in) -> task<> {
        channel<int> other, another;
        co_await select(other.send(1), in.receive(std::ignore),
                        another.receive(std::ignore));
    };
    auto give1 = [](sender<int> out) -> task<> { co_await select(out.send(1)); };
    auto give2 = [](sender<int> out) -> task<> {
        channel<int> other;
        co_await select(out.send(1), other.send(1));
    };
    auto give3 = [](sender<int> out) -> task<> {
        channel<int> other, another;
        co_await select(other.receive(std::ignore), out.send(1), another.send(1));
    };
    for (task<> (*take)(receiver<int>) : {+take1, +take2, +take3})
        for (task<> (*give)(sender<int>) : {+give1, +give2, +give3})
            for (bool giver_first : {true, false}) {
                world w;
                channel<int> c;
                if (giver_first)
                    w.go(give, c);
                w.settle();
                w.go(take, c);
                w.settle();
                if (!giver_first)
                    w.go(give, c);
                w.settle();
                CHECK(w.live() == 0);
            }
}

TEST_CASE("test/chan/sendstmt: channels are sent over channels") {
    auto main = []() -> task<> {
        channel<channel<int>> c(1);
        channel<int> inner(1);
        co_await c.send(inner);
        auto got = co_await c.receive();
        CHECK(*got == inner);
        co_await got->send(7);
        auto v = co_await inner.receive();
        CHECK(v == 7);
    };
    run_virtual(main());
}

namespace {

task<> filter(receiver<int> in, sender<int> out, int prime) {
    while (auto i = co_await in.receive())
        if (*i % prime != 0)
            co_await out.send(*i);
}

}  // namespace

TEST_CASE(
    "test/chan/sieve1: the tasks of the prime sieve are destroyed with their world") {
    std::vector<int> primes;
    {
        world w;
        w.run([](std::vector<int>& to) -> task<> {
            channel<int> in;
            heddle::go(count_to, in, 2, 1'000'000);
            while (to.size() < 50) {
                auto p = co_await in.receive();
                to.push_back(*p);
                channel<int> out;
                heddle::go(filter, in, out, *p);
                in = out;
            }
        }(primes));
        CHECK(w.live() == 51);
    }
    CHECK(primes.front() == 2);
    CHECK(primes.back() == 229);
}

TEST_CASE("test/chan/sieve2: a token ends a sieve with buffers") {
    auto main = []() -> task<> {
        heddle::done_source over;
        auto sieve = [](sender<int> out) -> task<> {
            channel<int> in(16);
            heddle::go(count_to, in, 2, 1'000'000);
            for (;;) {
                auto p = co_await in.receive();
                co_await out.send(*p);
                channel<int> sieved(16);
                heddle::go(filter, in, sieved, *p);
                in = sieved;
            }
        };
        channel<int> primes;
        heddle::go(heddle::with_done(over.token(), sieve(primes)));
        int last = 0;
        for (int i = 0; i < 100; ++i) {
            auto p = co_await primes.receive();
            last = *p;
        }
        CHECK(last == 541);
        over.close();
        co_await heddle::sleep(1ns);
    };
    world w;
    w.run(main());
    w.expect_end();
}

TEST_CASE("test/chan/zerosize: channels carry types without a value") {
    auto main = []() -> task<> {
        struct nothing {};
        for (std::size_t capacity : {0u, 1u, 100u}) {
            channel<nothing> c(capacity);
            auto s = heddle::go(
                [](channel<nothing> out) -> task<> {
                    for (int i = 0; i < 300; ++i)
                        co_await out.send(nothing());
                    out.close();
                },
                c);
            int n = 0;
            while (auto v = co_await c.receive())
                ++n;
            co_await s;
            CHECK(n == 300);
        }
    };
    run_virtual(main());
}

// -- neighbours -------------------------------------------------------------------------

TEST_CASE(
    "test/closedchan: each form of each operation on a closed channel reports it") {
    for (std::size_t capacity : {0u, 2u}) {
        CAPTURE(capacity);
        auto main = [](std::size_t size) -> task<> {
            channel<int> c(size);
            for (std::size_t i = 0; i < size; ++i)
                co_await c.send(static_cast<int>(i));
            c.close();
            CHECK(c.closed());
            for (std::size_t i = 0; i < size; ++i) {  // the buffered values come first
                auto v = co_await c.receive();
                CHECK(v == static_cast<int>(i));
            }
            for (int i = 0; i < 3; ++i) {  // for ever
                auto v = co_await c.receive();
                CHECK_FALSE(v);
                std::optional<int> w(5);
                bool got = co_await c.receive(w);
                CHECK_FALSE(got);
                CHECK_FALSE(w);
                int x = 7;
                got = co_await c.receive(x);
                CHECK_FALSE(got);
                CHECK(x == 7);
                CHECK(c.try_receive(x) == try_status::closed);
                auto arm = co_await select(c.receive(w));
                CHECK(arm == 0);
                channel<int> quiet;
                arm = co_await select(quiet.receive(std::ignore), c.receive(w));
                CHECK(arm == 1);
                arm = co_await select(quiet.receive(std::ignore), c.receive(w),
                                      heddle::otherwise);
                CHECK(arm == 1);
                std::string how = co_await test::ending(c.send(1));
                CHECK(how.find("send on a closed channel") != std::string::npos);
                how = co_await test::ending(c.emplace(1));
                CHECK(how.find("send on a closed channel") != std::string::npos);
                how = co_await test::ending(select(c.send(1)));
                CHECK(how.find("send on a closed channel") != std::string::npos);
                how = co_await test::ending(select(c.send(1), heddle::otherwise));
                CHECK(how.find("send on a closed channel") != std::string::npos);
                CHECK(c.try_send(1) == try_status::closed);
                CHECK(test::ending_of_call([&] { c.close(); }) != "ok");
                CHECK_FALSE(c.try_close());
            }
            CHECK(test::ending_of_call([] { channel<int>(nullptr).close(); }) != "ok");
        };
        run_virtual(main(capacity));
    }
}

TEST_CASE("test/chancap: size and capacity are as made") {
    channel<int> plain, ten(10), nil(nullptr);
    CHECK((plain.size() == 0 && plain.capacity() == 0));
    CHECK((ten.size() == 0 && ten.capacity() == 10));
    CHECK((nil.size() == 0 && nil.capacity() == 0));
    for (int i = 0; i < 3; ++i)
        CHECK(ten.try_send(i) == try_status::done);
    CHECK(ten.size() == 3);
}

TEST_CASE("test/makechan: sizes that are too large are refused") {
    struct large {
        std::array<char, 1024> bytes;
    };
    CHECK_THROWS_AS(channel<int>(static_cast<std::size_t>(-1)), std::length_error);
    CHECK_THROWS_AS(channel<large>(~std::size_t{0} / 1024 + 1), std::length_error);
    CHECK_THROWS_AS(channel<large>(~std::size_t{0} / 16 + 1), std::length_error);
    CHECK_THROWS_AS(channel<int>(-1), std::length_error);
}

TEST_CASE("test/ken/chan1: one task sends, ten receive, and each number arrives once") {
    auto main = []() -> task<> {
        constexpr int n = 1000;
        channel<int> c;
        std::vector<int> seen(n);
        heddle::wait_group readers;
        for (int i = 0; i < 10; ++i)
            readers.go(
                [](receiver<int> in, std::vector<int>& marks) -> task<> {
                    while (auto v = co_await in.receive())
                        ++marks[static_cast<std::size_t>(*v)];
                },
                c, std::ref(seen));
        co_await count_to(c, 0, n);
        co_await readers.wait();
        CHECK(seen == std::vector<int>(n, 1));
    };
    run_virtual(main(), 5);
}

TEST_CASE("law 80, test/ken/chan: 10 000 operations by send, receive and select "
          "complete in all mixes") {
    enum form { plain, in_select, tried };
    auto give = [](sender<int> out, int n, form how) -> task<> {
        channel<int> nobody;
        for (int i = 0; i < n; ++i) {
            if (how == plain)
                co_await out.send(i);
            else if (how == in_select)
                co_await select(nobody.receive(std::ignore), out.send(i));
            else
                while (out.try_send(i) != try_status::done)
                    co_await heddle::yield();
        }
    };
    auto take = [](receiver<int> in, int n, form how, long& sum) -> task<> {
        channel<int> nobody;
        for (int i = 0; i < n; ++i) {
            std::optional<int> v;
            if (how == plain)
                co_await in.receive(v);
            else if (how == in_select)
                co_await select(in.receive(v), nobody.receive(std::ignore));
            else
                while (in.try_receive(v) != try_status::done)
                    co_await heddle::yield();
            sum += *v;
        }
    };
    for (std::size_t capacity : {0u, 10u})
        for (form g : {plain, in_select, tried})
            for (form t : {plain, in_select, tried}) {
                if (g == tried && t == tried && capacity == 0)
                    continue;  // neither ever finds the other waiting
                constexpr int n = 2'500;
                channel<int> c(capacity);
                long sum = 0;
                world w(capacity + 1);
                for (int i = 0; i < 2; ++i)
                    w.go(give, c, n, g);
                for (int i = 0; i < 2; ++i)
                    w.go(take, c, n, t, std::ref(sum));
                w.expect_end();
                CHECK(sum == 2L * n * (n - 1) / 2);
                CHECK(c.size() == 0);
            }
}

TEST_CASE("test/fixedbugs/issue9110: a channel that is twice in one select leaves no "
          "waiter behind") {
    world w;
    auto round = [](int n) -> task<> {
        for (int i = 0; i < n; ++i) {
            channel<int> c;
            auto s =
                heddle::go([](channel<int> out) -> task<> { co_await out.send(1); }, c);
            std::optional<int> a, b, d;
            co_await select(c.receive(a), c.receive(b), c.receive(d));
            CHECK(a.has_value() + b.has_value() + d.has_value() == 1);
            co_await s;
        }
    };
    w.run(round(10));
    auto before = test::heap_in_use();
    w.run(round(10'000));
    CHECK(test::heap_in_use() < before + 4096);
}

TEST_CASE("test/fixedbugs/issue13169: large values arrive whole") {
    auto main = []() -> task<> {
        using block = std::array<int, 4096>;
        channel<block> c;
        auto writer = heddle::go(
            [](sender<block> out) -> task<> {
                block b;
                for (int i = 0; i < 100; ++i) {
                    b.fill(i);
                    co_await out.send(b);
                }
                out.close();
            },
            c);
        int i = 0;
        while (auto b = co_await c.receive()) {
            CHECK(std::count(b->begin(), b->end(), i) == 4096);
            ++i;
        }
        CHECK(i == 100);
        co_await writer;
    };
    run_virtual(main());
}

TEST_CASE(
    "test/fixedbugs/issue15281: a channel does not keep a value that was received") {
    auto main = []() -> task<> {
        channel<std::shared_ptr<int>> c(4);
        auto p = std::make_shared<int>(1);
        std::weak_ptr<int> alive = p;
        co_await c.send(std::move(p));
        auto got = co_await c.receive();
        got->reset();
        CHECK(alive.expired());
    };
    run_virtual(main());
}

TEST_CASE("test/fixedbugs/issue16870: each form of receive reports whether there was a "
          "value") {
    auto main = []() -> task<> {
        channel<int> c(1), gone(1);
        gone.close();
        std::optional<int> v;
        int x = 0;
        for (int form = 0; form < 5; ++form) {
            co_await c.send(form);
            bool ok = false, not_ok = true;
            if (form == 0) {
                v = co_await c.receive();
                ok = v.has_value();
                v = co_await gone.receive();
                not_ok = v.has_value();
            } else if (form == 1) {
                ok = co_await c.receive(v);
                not_ok = co_await gone.receive(v);
            } else if (form == 2) {
                ok = co_await c.receive(x);
                not_ok = co_await gone.receive(x);
                CHECK(x == form);
            } else if (form == 3) {
                co_await select(c.receive(v));
                ok = v == form;
                co_await select(gone.receive(v));
                not_ok = v.has_value();
            } else {
                ok = c.try_receive(x) == try_status::done;
                not_ok = gone.try_receive(x) == try_status::done;
            }
            CHECK(ok);
            CHECK_FALSE(not_ok);
        }
    };
    run_virtual(main());
}

TEST_CASE("test/fixedbugs/issue21576: a send that no task can receive is a deadlock") {
    auto main = []() -> task<> {
        channel<int> c;
        c.name("nobody");
        for (int i = 0; i < 1000; ++i) {
            heddle::go([](channel<int> in) -> task<> { (void)co_await in.receive(); },
                       c);
            co_await c.send(i);
        }
        co_await c.send(0);
    };
    try {
        run_virtual(main());
        FAIL("it ended");
    } catch (const heddle::deadlock& d) {
        CHECK(std::string(d.what()).find("`nobody`") != std::string::npos);
    }
}

TEST_CASE("test/fixedbugs/issue8336, issue43111, issue4313: arms are evaluated in "
          "order, once") {
    auto main = []() -> task<> {
        std::string log;
        channel<int> c(1);
        auto chan = [&](char name) {
            log += name;
            return c;
        };
        auto value = [&](char name) {
            log += name;
            return 1;
        };
        std::vector<heddle::arm> arms;
        arms.emplace_back(chan('a').emplace(value('b')));
        arms.emplace_back(chan('c').receive(std::ignore));
        arms.emplace_back(channel<int>(nullptr).emplace(value('d')));
        auto arm = co_await select(arms);
        CHECK(arm == 0);
        CHECK(log == "abcd");
    };
    run_virtual(main());
}

// -- runtime/chan_test.go ----------------------------------------------------------------

TEST_CASE("runtime/chan_test TestChan: one channel does everything, at many sizes") {
    for (int capacity = 0; capacity < 200; capacity += capacity < 10 ? 1 : 19) {
        CAPTURE(capacity);
        world w;
        {  // a receive from an empty channel waits
            channel<int> c(capacity);
            auto h =
                w.go([](channel<int> in) -> task<> { (void)co_await in.receive(); }, c);
            auto s = w.go(
                [](channel<int> in) -> task<> {
                    co_await select(in.receive(std::ignore));
                },
                c);
            w.settle();
            CHECK(w.live() == 2);
            CHECK(c.try_send(1) == try_status::done);
            CHECK(c.try_send(1) == try_status::done);
            w.settle();
            CHECK(w.live() == 0);
        }
        {  // a send to a full channel waits
            channel<int> c(capacity);
            for (int i = 0; i < capacity; ++i)
                CHECK(c.try_send(i) == try_status::done);
            w.go([](channel<int> out) -> task<> { co_await out.send(0); }, c);
            w.settle();
            CHECK(w.live() == 1);
            int v = 0;
            CHECK(c.try_receive(v) == try_status::done);
            w.settle();
            CHECK(w.live() == 0);
        }
        {  // a closed channel drains its buffer, and is empty then
            channel<int> c(capacity);
            for (int i = 0; i < capacity; ++i)
                CHECK(c.try_send(i) == try_status::done);
            c.close();
            int v = -1;
            for (int i = 0; i < capacity; ++i) {
                CHECK(c.try_receive(v) == try_status::done);
                CHECK(v == i);
            }
            CHECK(c.try_receive(v) == try_status::closed);
        }
        {  // close wakes a receiver
            channel<int> c(capacity);
            bool empty = false;
            w.go(
                [](channel<int> in, bool& to) -> task<> {
                    auto v = co_await in.receive();
                    to = !v;
                },
                c, std::ref(empty));
            w.settle();
            c.close();
            w.settle();
            CHECK(empty);
        }
        {  // a hundred values keep their order, from one sender and from four
            channel<int> c(capacity);
            std::vector<int> got;
            w.go(count_to, c, 0, 100);
            w.go(collect, c, std::ref(got));
            w.settle();
            CHECK(got == numbers(100));
            channel<int> d(capacity);
            std::vector<int> all;
            for (int i = 0; i < 4; ++i)
                w.go(
                    [](channel<int> out) -> task<> {
                        for (int n = 0; n < 100; ++n)
                            co_await out.send(n);
                    },
                    d);
            for (int i = 0; i < 4; ++i)
                w.go(
                    [](channel<int> in, std::vector<int>& to) -> task<> {
                        for (int n = 0; n < 100; ++n) {
                            auto v = co_await in.receive();
                            to.push_back(*v);
                        }
                    },
                    d, std::ref(all));
            w.settle();
            CHECK(w.live() == 0);
            for (int n = 0; n < 100; ++n)
                CHECK(std::count(all.begin(), all.end(), n) == 4);
        }
        channel<int> c(capacity);
        CHECK(c.capacity() == static_cast<std::size_t>(capacity));
    }
}

TEST_CASE("runtime/chan_test TestNonblockRecvRace: otherwise is not taken while a "
          "value is buffered") {
    // Receiver and closer run in every order: the value is there, so otherwise is not
    // taken.
    auto all = heddle::testing::explore("nonblock recv", []() -> task<> {
        channel<int> c(1);
        co_await c.send(1);
        auto taker = heddle::go(
            [](channel<int> in) -> task<> {
                std::optional<int> v;
                auto arm = co_await select(in.receive(v), heddle::otherwise);
                if (arm != 0)
                    throw std::logic_error("the channel is not ready");
            },
            c);
        c.close();
        co_await taker;
    });
    CHECK(all.complete);
}

TEST_CASE("runtime/chan_test TestNonblockSelectRace: one of two channels is ready at "
          "every instant") {
    auto program = [](bool close_second) {
        return [close_second]() -> task<> {
            channel<int> a(1), b(1);
            co_await a.send(1);
            auto looker = heddle::go(
                [](channel<int> x, channel<int> y) -> task<> {
                    auto arm =
                        co_await select(x.receive(std::ignore), y.receive(std::ignore),
                                        heddle::otherwise);
                    if (arm == 2)
                        throw std::logic_error("no channel is ready");
                },
                a, b);
            co_await heddle::yield();
            if (close_second)
                b.close();
            else
                co_await b.send(1);
            co_await select(a.receive(std::ignore), heddle::otherwise);
            co_await looker;
        };
    };
    for (bool close : {false, true}) {
        auto all = heddle::testing::explore("nonblock select", program(close));
        CHECK(all.complete);
        CHECK(all.schedules >= 2);
    }
}

TEST_CASE("runtime/chan_test TestSelfSelect: two tasks that send and receive on one "
          "channel pair") {
    for (int capacity : {0, 10}) {
        auto main = [](int size) -> task<> {
            channel<int> c(size);
            heddle::wait_group both;
            for (int p : {0, 1})
                both.go(
                    [](channel<int> both_ways, int me, bool unbuffered) -> task<> {
                        for (int i = 0; i < 1000; ++i) {
                            std::optional<int> v;
                            if (me == 0 || i % 2 == 0)
                                co_await select(both_ways.send(me),
                                                both_ways.receive(v));
                            else
                                co_await select(both_ways.receive(v),
                                                both_ways.send(me));
                            if (v && unbuffered)
                                CHECK(*v != me);
                        }
                    },
                    c, p, size == 0);
            co_await both.wait();
        };
        run_virtual(main(capacity), 11);
    }
}

TEST_CASE("runtime/chan_test TestSelectStress: selects of four arms work beside plain "
          "tasks") {
    auto main = []() -> task<> {
        constexpr int n = 3'000;
        std::array<channel<int>, 4> c{channel<int>(), channel<int>(), channel<int>(2),
                                      channel<int>(3)};
        heddle::wait_group all;
        for (auto& each : c) {
            all.go(
                [](channel<int> out) -> task<> {
                    for (int i = 0; i < n; ++i)
                        co_await out.send(0);
                },
                each);
            all.go(
                [](channel<int> in) -> task<> {
                    for (int i = 0; i < n; ++i)
                        (void)co_await in.receive();
                },
                each);
        }
        auto selecting = [](std::array<channel<int>, 4> on, bool send) -> task<> {
            std::array<int, 4> left{n, n, n, n};
            for (int i = 0; i < 4 * n; ++i) {
                std::vector<heddle::arm> arms;
                for (std::size_t k = 0; k < 4; ++k) {
                    if (left[k] == 0)
                        on[k] = nullptr;
                    if (send)
                        arms.emplace_back(on[k].emplace(0));
                    else
                        arms.emplace_back(on[k].receive(std::ignore));
                }
                --left[co_await select(arms)];
            }
        };
        all.go(selecting, c, true);
        all.go(selecting, c, false);
        co_await all.wait();
        for (auto& each : c)
            CHECK(each.size() == 0);
    };
    run_virtual(main(), 2);
}

TEST_CASE("runtime/chan_test TestSelectFairness: each of two ready arms is taken "
          "equally often") {
    constexpr int trials = 10'000;
    auto main = [](std::array<int, 2>& counts) -> task<> {
        channel<int> c1(trials + 1), c2(trials + 1), c3, c4;
        for (int i = 0; i < trials + 1; ++i) {
            (void)c1.try_send(1);
            (void)c2.try_send(2);
        }
        for (int i = 0; i < trials; ++i) {
            auto arm =
                co_await select(c3.receive(std::ignore), c4.receive(std::ignore),
                                c1.receive(std::ignore), c2.receive(std::ignore));
            ++counts[arm - 2];
        }
    };
    std::array<int, 2> counts{};
    run_virtual(main(counts), 1);
    double r = static_cast<double>(counts[0]) / trials;
    CHECK(std::abs(r - 0.5) <= 4.891676 / (2 * std::sqrt(double(trials))));
}

TEST_CASE("runtime/chan_test TestChanSendInterface: channels carry boxed values") {
    auto main = []() -> task<> {
        channel<std::unique_ptr<int>> c(1);
        co_await c.send(std::make_unique<int>(1));
        auto arm = co_await select(c.send(std::make_unique<int>(2)), heddle::otherwise);
        CHECK(arm == 1);
        channel<std::unique_ptr<int>> other;
        arm = co_await select(c.send(std::make_unique<int>(3)),
                              other.send(std::make_unique<int>(4)), heddle::otherwise);
        CHECK(arm == 2);
        auto v = co_await c.receive();
        CHECK(**v == 1);
    };
    run_virtual(main());
}

TEST_CASE("runtime/chan_test TestPseudoRandomSend: two send arms on one channel are "
          "both taken") {
    for (int capacity : {0, 100}) {
        auto main = [](int size) -> task<> {
            channel<int> c(size);
            constexpr int n = 100;
            std::vector<int> got;
            auto reader = heddle::go(
                [](receiver<int> in, std::vector<int>& to) -> task<> {
                    for (int i = 0; i < n; ++i) {
                        auto v = co_await in.receive();
                        to.push_back(*v);
                    }
                },
                c, std::ref(got));
            for (int i = 0; i < n; ++i)
                co_await select(c.send(0), c.send(1));
            co_await reader;
            auto zeros = std::count(got.begin(), got.end(), 0);
            CHECK(zeros > n / 10);
            CHECK(zeros < n * 9 / 10);
        };
        run_virtual(main(capacity), 1);
    }
}

TEST_CASE("runtime/chan_test TestMultiConsumer: 23 workers pass on every value") {
    auto main = []() -> task<> {
        constexpr int workers = 23, n = 20'000;
        channel<int> q(workers * 3), r(workers * 3);
        heddle::wait_group all;
        for (int i = 0; i < workers; ++i)
            all.go(
                [](receiver<int> in, sender<int> out, int me) -> task<> {
                    while (auto v = co_await in.receive()) {
                        if (me == *v % workers)
                            co_await heddle::yield();
                        co_await out.send(*v);
                    }
                },
                q, r, i);
        static constexpr std::array<int, 10> primes{2, 3, 5, 7, 11, 13, 17, 19, 23, 31};
        auto expected = heddle::go(
            [](sender<int> out, heddle::wait_group& on,
               sender<int> close) -> task<long> {
                long sum = 0;
                for (int i = 0; i < n; ++i) {
                    int v = primes[static_cast<std::size_t>(i) % 10];
                    sum += v;
                    co_await out.send(v);
                }
                out.close();
                co_await on.wait();
                close.close();
                co_return sum;
            },
            q, std::ref(all), r);
        long sum = 0, count = 0;
        while (auto v = co_await r.receive())
            sum += *v, ++count;
        long sent = co_await expected;
        CHECK(count == n);
        CHECK(sum == sent);
    };
    run_virtual(main(), 4);
}

TEST_CASE("runtime/chan_test TestSelectDuplicateChannel: c may be twice in a select "
          "before another waiter") {
    auto main = []() -> task<> {
        channel<int> c, d, e;
        auto first = heddle::go(
            [](channel<int> x, channel<int> y, channel<int> z) -> task<> {
                co_await select(x.receive(std::ignore), y.receive(std::ignore),
                                z.receive(std::ignore));
                std::optional<int> v;
                co_await select(x.receive(v));
                CHECK(v == 7);
            },
            c, d, c);
        co_await heddle::yield();
        auto second = heddle::go(
            [](channel<int> in) -> task<> { (void)co_await in.receive(); }, c);
        co_await heddle::yield();
        co_await d.send(7);  // the first leaves c's queue, in which it was twice
        co_await c.send(8);  // the second receives this value
        co_await c.send(7);
        co_await second;
        co_await first;
    };
    run_virtual(main());
}

// -- runtime/proc_test.go, crash_test.go --------------------------------------------------

TEST_CASE("runtime/proc_test TestYieldProgress: a task that yields in a loop lets "
          "others run") {
    auto main = []() -> task<> {
        channel<bool> c(1);
        channel<bool> cack;
        heddle::go(
            [](channel<bool> stop, channel<bool> ack) -> task<> {
                std::optional<bool> v;
                while (co_await select(stop.receive(v), heddle::otherwise) == 1)
                    co_await heddle::yield();
                co_await ack.send(true);
            },
            c, cack);
        for (int i = 0; i < 10; ++i)
            co_await heddle::yield();
        co_await c.send(true);
        auto v = co_await cack.receive();
        CHECK(v == true);
    };
    run_virtual(main());
}

TEST_CASE("runtime/proc_test TestTimerFairness: a busy pair does not delay a timer") {
    auto main = []() -> task<> {
        heddle::done_source over;
        channel<bool> c;
        for (int i = 0; i < 2; ++i)
            heddle::go(
                heddle::with_done(over.token(), [](channel<bool> busy) -> task<> {
                    for (;;)
                        co_await select(busy.send(true), busy.receive(std::ignore));
                }(c)));
        auto timer = heddle::after(10ms);
        auto arm = co_await select(timer);
        CHECK(arm == 0);
        over.close();
    };
    heddle::run(main());  // in real time, because the pair never lets virtual time pass
}

TEST_CASE("runtime/proc_test TestTimerFairness2: tasks that send to themselves do not "
          "delay a timer") {
    auto main = []() -> task<> {
        heddle::done_source over;
        heddle::go(heddle::with_done(over.token(), []() -> task<> {
            channel<int> c(1);
            for (int i = 0;; ++i) {
                co_await c.send(i);
                (void)co_await c.receive();
            }
        }()));
        for (int i = 0; i < 5; ++i)
            co_await heddle::sleep(1ms);
        over.close();
        CHECK(over.token().closed());
    };
    heddle::run(main());
}

TEST_CASE("runtime/proc_test TestPingPongHog: a pair and a busy task get turns within "
          "a factor of 20") {
    auto main = []() -> task<> {
        heddle::done_source over;
        channel<bool> ping, pong;
        int hogs = 0;
        constexpr int rounds = 5000;
        auto hog = heddle::go(heddle::with_done(
            over.token(), [](channel<bool> a, channel<bool> b) -> task<> {
                for (;;) {
                    (void)co_await a.receive();
                    co_await b.send(true);
                }
            }(ping, pong)));
        heddle::go(heddle::with_done(over.token(), [](int& n) -> task<> {
            for (;;) {
                ++n;
                co_await heddle::yield();
            }
        }(hogs)));
        for (int i = 0; i < rounds; ++i) {
            co_await ping.send(true);
            (void)co_await pong.receive();
        }
        over.close();
        CHECK(hogs > rounds / 20);
        CHECK(hogs < rounds * 20);
    };
    run_virtual(main());
}

TEST_CASE("law 78, runtime/crash_test TestSimpleDeadlock and similar: if all tasks "
          "wait, a deadlock is reported") {
    auto deadlocks = [](task<> t) {
        CHECK_THROWS_AS(run_virtual(std::move(t)), heddle::deadlock);
    };
    deadlocks([]() -> task<> {
        std::vector<heddle::arm> none;
        co_await select(none);
    }());
    deadlocks([]() -> task<> {
        channel<int> c;
        heddle::go([](channel<int> in) -> task<> { (void)co_await in.receive(); },
                   channel<int>());
        (void)co_await c.receive();
    }());
    deadlocks([]() -> task<> {
        heddle::mutex m;
        auto held = co_await m.lock();
        auto again = co_await m.lock();
    }());
    deadlocks([]() -> task<> {
        heddle::wait_group g;
        g.add();
        co_await g.wait();
    }());
}

TEST_SUITE_END();
