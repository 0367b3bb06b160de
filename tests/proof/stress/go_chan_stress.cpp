// SPDX-License-Identifier: BSL-1.0
// Ports of the channel, select and context tests of Go that use threads. Each case is
// named after its original. ports/go_chan_test.cpp and ports/go_context_test.cpp have
// the others.
#include <heddle/heddle.hpp>

#include "support/loom.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <tuple>
#include <vector>

namespace {

using heddle::channel;
using heddle::select;
using heddle::task;
using heddle::try_status;
using test::loom;

}  // namespace

TEST_SUITE_BEGIN("stress.go");

TEST_CASE(
    "runtime/chan_test TestNonblockRecvRace: a value that is there is always found") {
    for (int i = 0; i < 2000; ++i) {
        channel<int> c(1);
        (void)c.try_send(1);
        std::atomic<int> missed = 0;
        test::together(2, [&](int who) {
            int v = 0;
            if (who == 0)
                c.close();
            else if (c.try_receive(v) != try_status::done)
                ++missed;
        });
        CHECK(missed == 0);
    }
}

TEST_CASE("runtime/chan_test TestNonblockSelectRace: one of two channels is ready at "
          "every instant") {
    for (bool close : {false, true}) {
        std::atomic<int> missed = 0;
        constexpr int n = 5000;
        loom threads(2);
        channel<channel<int>> to_other;
        channel<int> step;
        threads.go(
            +[](bool closes, channel<channel<int>> out, channel<int> done) -> task<> {
                for (int i = 0; i < n; ++i) {
                    channel<int> a(1), b(1);
                    co_await a.send(1);
                    co_await out.send(a);
                    co_await out.send(b);
                    if (closes)
                        b.close();
                    else
                        co_await b.send(1);
                    co_await select(a.receive(std::ignore), heddle::otherwise);
                    (void)co_await done.receive();
                }
            },
            close, to_other, step);
        threads.go(
            +[](channel<channel<int>> in, channel<int> done,
                std::atomic<int>& none) -> task<> {
                for (int i = 0; i < n; ++i) {
                    auto a = co_await in.receive();
                    auto b = co_await in.receive();
                    auto arm =
                        co_await select(a->receive(std::ignore),
                                        b->receive(std::ignore), heddle::otherwise);
                    none += arm == 2;
                    co_await done.send(0);
                }
            },
            to_other, step, missed);
        threads.finish();
        CHECK(missed == 0);
    }
}

TEST_CASE("runtime/chan_test TestSelectStress: selects of four arms work beside plain "
          "tasks") {
    constexpr int n = 2000;
    std::array<channel<int>, 4> c{channel<int>(), channel<int>(), channel<int>(2),
                                  channel<int>(3)};
    loom threads(4);
    auto selecting = +[](std::array<channel<int>, 4> on, bool send) -> task<> {
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
    for (auto& each : c) {
        threads.go(
            +[](channel<int> out) -> task<> {
                for (int i = 0; i < n; ++i)
                    co_await out.send(0);
            },
            each);
        threads.go(
            +[](channel<int> in) -> task<> {
                for (int i = 0; i < n; ++i)
                    (void)co_await in.receive();
            },
            each);
    }
    threads.go(selecting, c, true);
    threads.go(selecting, c, false);
    threads.finish();
    for (auto& each : c)
        CHECK(each.size() == 0);
}

TEST_CASE("test/chan/doubleselect, with threads: one arm of each select takes effect") {
    constexpr int n = 20'000;
    std::array<channel<int>, 4> c;
    std::vector<std::atomic<int>> seen(n);
    loom threads(3);
    for (auto& each : c)
        threads.go(
            +[](channel<int> in, std::vector<std::atomic<int>>& marks) -> task<> {
                while (auto v = co_await in.receive())
                    ++marks[static_cast<std::size_t>(*v)];
            },
            each, seen);
    threads.go(
        +[](std::array<channel<int>, 4> to) -> task<> {
            for (int i = 0; i < n; ++i)
                co_await select(to[0].send(i), to[1].send(i), to[2].send(i),
                                to[3].send(i));
            for (auto& each : to)
                each.close();
        },
        c);
    threads.finish();
    int wrong = 0;
    for (auto& s : seen)
        wrong += s.load() != 1;
    CHECK(wrong == 0);
}

TEST_CASE("context TestSimultaneousCancels, TestInterlockedCancels, with threads: all "
          "tokens close once") {
    for (int round = 0; round < 200; ++round) {
        std::vector<heddle::done_source> nodes;
        nodes.emplace_back();
        for (std::size_t i = 1; i < 40; ++i)
            nodes.emplace_back(heddle::done_source(nodes[(i - 1) / 3].token()));
        std::atomic<int> closed_here = 0;
        test::together(4, [&](int who) {
            for (std::size_t i = 0; i < 40; ++i) {
                auto k = (static_cast<std::size_t>(who) * 13 + i * 7) % 40;
                closed_here += nodes[k].close();
                if (!nodes[k].token().closed() || !nodes[k].token().cause())
                    closed_here += 1000;
            }
        });
        CHECK(closed_here <= 40);
        CHECK(closed_here >= 1);
        for (auto& n : nodes)
            CHECK(n.token().closed());
    }
}

TEST_SUITE_END();
