// SPDX-License-Identifier: BSL-1.0
// The laws under every interleaving of two or three threads, each with a host of its
// own or without one. The interleavings are those of the accesses to locks, claim
// words, inboxes and contexts, with sequentially consistent memory. The models in
// ../models check weaker memory.
#include <heddle/heddle.hpp>
#include <heddle/testing_threads.hpp>

#include "support/environment.hpp"
#include "support/operations.hpp"

#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using heddle::channel;
using heddle::task;
using heddle::try_status;
using heddle::testing::explore_threads;
using heddle::testing::thread_bounds;
using heddle::testing::threads;

namespace {

using program = std::function<void(threads&)>;

void demand(bool holds, const char* what) {
    if (!holds)
        throw std::runtime_error(what);
}

/// Explores the program in full, and prints the number of schedules.
void all_of(const std::string& name, const program& p, thread_bounds bounds = {}) {
    auto all = explore_threads(name, p, bounds);
    CHECK(all.complete);
    MESSAGE(name << ": " << all.schedules << " schedules of up to " << all.depth
                 << " steps, " << all.abandoned << " more begun");
}

/// Counts the outcomes of values; each thread writes its own, and the end of the
/// schedule reads all.
struct tally {
    int sent = 0, refused = 0, received = 0, cancelled = 0;
    int value = 0;
};

task<> send_one(channel<int> c, int v, tally& t) {
    try {
        co_await c.send(v);
        ++t.sent;
    } catch (const heddle::channel_closed&) {
        ++t.refused;
    }
}

task<> receive_all(channel<int> c, tally& t) {
    int v = 0;
    while (co_await c.receive(v)) {
        ++t.received;
        t.value += v;
    }
}

task<> receive_one(channel<int> c, tally& t) {
    std::optional<int> v;
    co_await c.receive(v);
    t.received += v.has_value();
    t.value += v.value_or(0);
}

task<> receive_under(heddle::done_token token, channel<int> c, tally& t) {
    try {
        co_await heddle::with_done(token, receive_one(c, t));
    } catch (const heddle::cancelled&) {
        ++t.cancelled;
    }
}

task<> send_under(heddle::done_token token, channel<int> c, int v, tally& t) {
    try {
        co_await heddle::with_done(token, send_one(c, v, t));
    } catch (const heddle::cancelled&) {
        ++t.cancelled;
    }
}

/// Sends on one channel, or receives from the other.
task<> send_or_receive(channel<int> to, channel<int> from, int v, tally& t) {
    std::optional<int> got;
    auto arm = co_await heddle::select(to.send(v), from.receive(got));
    if (arm == 0) {
        ++t.sent;
    } else {
        ++t.received;
        t.value = got.value_or(-1);
    }
}

task<> receive_either(channel<int> a, channel<int> b, tally& t) {
    std::optional<int> x, y;
    auto arm = co_await heddle::select(a.receive(x), b.receive(y));
    demand(arm == 0 ? x && !y : y && !x, "not exactly the arm that is told");
    ++t.received;
    t.value = arm == 0 ? *x : *y;
}

// -- programs drawn by seed -----------------------------------------------------------------

enum class op { send, receive, select, try_send, try_receive, close, cancel };
struct step {
    op what;
    std::size_t channel;
};
struct drawn {
    std::size_t capacity[2];
    std::vector<std::vector<step>> threads;

    /// The threads that wait need a host; the others have none.
    static bool waits(op o) { return o <= op::select; }
    bool has_host(std::size_t i) const {
        return std::any_of(threads[i].begin(), threads[i].end(),
                           [](step s) { return waits(s.what); });
    }
};

drawn draw(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    auto below = [&](std::uint64_t n) {
        return static_cast<std::size_t>(random() % n);
    };
    drawn p{{below(3) / 2, below(3) / 2}, {}};
    p.threads.resize(2 + below(2));
    for (auto& t : p.threads)
        for (auto n = 1 + below(2); n > 0; --n) {
            auto dice = below(20);
            op what = dice < 5    ? op::send
                      : dice < 10 ? op::receive
                      : dice < 14 ? op::select
                      : dice < 16 ? op::try_send
                      : dice < 18 ? op::try_receive
                      : dice < 19 ? op::close
                                  : op::cancel;
            t.push_back({what, below(2)});
        }
    return p;
}

/// One run of such a program. The log of each thread is read when all threads have
/// ended.
struct run_of {
    struct said {
        bool sends[2]{}, receives[2]{};  // whether it waits to do so
        std::vector<int> sent, got;
        bool refused = false, cancelled = false;
    };

    explicit run_of(const drawn& p)
        : program(p),
          channels{channel<int>(p.capacity[0]), channel<int>(p.capacity[1])},
          threads(p.threads.size()) {}

    task<> with_host(std::size_t me) {
        auto& s = threads[me];
        auto token = source.token();
        try {
            for (step at : program.threads[me]) {
                if (drawn::waits(at.what))
                    co_await heddle::with_done(token, wait(me, at));
                else
                    go_on(me, at);
            }
        } catch (const heddle::channel_closed&) {
            s.refused = true;
        } catch (const heddle::cancelled&) {
            s.cancelled = true;
        }
        forget(s);
    }

    void without_host(std::size_t me) {
        for (step at : program.threads[me])
            go_on(me, at);
    }

    void at_rest() {
        for (std::size_t k = 0; k < 2; ++k) {
            std::size_t senders = 0, receivers = 0;
            for (auto& s : threads) {
                senders += s.sends[k];
                receivers += s.receives[k];
            }
            demand(!senders || !receivers,
                   "a sender and a receiver wait for each other");
            demand(!receivers || channels[k].size() == 0, "a value is not received");
            demand(!senders || channels[k].size() == channels[k].capacity(),
                   "there is room");
            demand(!channels[k].closed() || senders + receivers == 0,
                   "not woken by close");
        }
        demand(!source.token().closed() || !any_waits(), "not woken by the token");
        source.close();
    }

    void at_end() {
        std::vector<int> sent, got;
        for (auto& s : threads) {
            sent.insert(sent.end(), s.sent.begin(), s.sent.end());
            got.insert(got.end(), s.got.begin(), s.got.end());
        }
        for (auto& c : channels)
            for (std::optional<int> v; c.try_receive(v) == try_status::done;)
                got.push_back(*v);
        std::sort(sent.begin(), sent.end());
        std::sort(got.begin(), got.end());
        demand(sent == got, "lost, or made up");
    }

private:
    task<> wait(std::size_t me, step at) {
        auto& s = threads[me];
        auto &c = channels[at.channel], &d = channels[1 - at.channel];
        int v = value(me);
        std::optional<int> x;
        s.sends[at.channel] = at.what != op::receive;
        s.receives[at.what == op::select ? 1 - at.channel : at.channel] =
            at.what != op::send;
        bool sent = at.what == op::send;
        if (at.what == op::send)
            co_await c.send(v);
        else if (at.what == op::receive)
            co_await c.receive(x);
        else
            sent = co_await heddle::select(c.send(v), d.receive(x)) == 0;
        forget(s);
        if (sent)
            s.sent.push_back(v);
        else if (x)
            s.got.push_back(*x);
    }

    void go_on(std::size_t me, step at) {
        auto& s = threads[me];
        auto& c = channels[at.channel];
        int v = value(me);
        std::optional<int> x;
        if (at.what == op::try_send && c.try_send(v) == try_status::done)
            s.sent.push_back(v);
        if (at.what == op::try_receive && c.try_receive(x) == try_status::done)
            s.got.push_back(*x);
        if (at.what == op::close)
            c.try_close();
        if (at.what == op::cancel)
            source.close();
    }

    int value(std::size_t me) {
        return static_cast<int>(me * 100 + threads[me].sent.size());
    }
    static void forget(said& s) {
        std::fill_n(s.sends, 2, false);
        std::fill_n(s.receives, 2, false);
    }
    bool any_waits() const {
        return std::any_of(threads.begin(), threads.end(), [](auto& s) {
            return s.sends[0] || s.sends[1] || s.receives[0] || s.receives[1];
        });
    }

    const drawn& program;
    channel<int> channels[2];
    heddle::done_source source;
    std::vector<said> threads;
};

}  // namespace

TEST_SUITE_BEGIN("laws.threads");

TEST_CASE("laws 1, 39 and 77: a send and a receive on another thread's host meet in "
          "every order, and no wake of an idle host is lost") {
    for (std::size_t capacity = 0; capacity <= 1; ++capacity)
        all_of(capacity ? "buffered" : "rendezvous", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            channel<int> c(capacity);
            t.run([=] { return send_one(c, 7, n[0]); });
            t.run([=] { return receive_one(c, n[1]); });
            t.at_end([=] { demand(n[0].sent == 1 && n[1].value == 7, "lost"); });
        });
}

TEST_CASE("laws 20-25: with a send, a receiver and a close on three threads, a value "
          "that is sent is received, a refused one is not, and all tasks end") {
    for (std::size_t capacity = 0; capacity <= 1; ++capacity)
        all_of(capacity ? "close, buffered" : "close", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            channel<int> c(capacity);
            t.run([=] { return send_one(c, 7, n[0]); });
            t.run([=] { return receive_all(c, n[1]); });
            t.run([=] { c.try_close(); });
            t.at_end([=] {
                demand(n[0].sent + n[0].refused == 1, "neither sent nor refused");
                demand(n[0].sent == n[1].received, "lost, or made up");
            });
        });
}

TEST_CASE("laws 29, 39 and 40: a select of two channels, each with a sender, takes one "
          "value; the other sender keeps its value and waits") {
    all_of("two senders", [](threads& t) {
        auto n = std::make_shared<tally[]>(3);
        channel<int> a, b;
        t.run([=] { return receive_either(a, b, n[0]); });
        t.run([=] { return send_one(a, 1, n[1]); });
        t.run([=] { return send_one(b, 2, n[2]); });
        t.at_rest([=] {
            demand(n[0].received == 1, "a select and a sender wait for each other");
            demand(n[1].sent + n[2].sent == 1, "not exactly one was sent");
            a.close();
            b.close();
        });
        t.at_end([=] {
            demand(n[0].value == (n[1].sent ? 1 : 2), "another value");
            demand(n[1].refused + n[2].refused == 1, "the other was not refused");
        });
    });
}

TEST_CASE("laws 30 and 38: selects on two threads that face each other on two channels "
          "meet once") {
    all_of("crossed selects", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> a, b;
        t.run([=] { return send_or_receive(a, b, 1, n[0]); });
        t.run([=] { return send_or_receive(b, a, 2, n[1]); });
        t.at_end([=] {
            demand(n[0].sent == n[1].received && n[1].sent == n[0].received,
                   "two arms");
            demand(n[0].sent + n[1].sent == 1, "not one rendezvous");
            demand(n[0].sent ? n[1].value == 1 : n[0].value == 2, "another value");
        });
    });
}

TEST_CASE("laws 47-50: when a token closes beside a send, the receiver has the value "
          "or was cancelled, the sender has sent or kept it, and both agree") {
    for (bool receiver : {true, false})
        all_of(receiver ? "cancelled receiver" : "cancelled sender", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            auto source = std::make_shared<heddle::done_source>();
            channel<int> c;
            auto token = source->token();
            auto other = receiver ? token : heddle::done_token();
            t.run([=] { return receive_under(other, c, n[0]); });
            t.run([=] {
                return send_under(receiver ? heddle::done_token() : token, c, 7, n[1]);
            });
            t.run([=] { source->close(); });
            t.at_rest([=] { c.try_close(); });
            t.at_end([=] {
                demand(n[0].received == n[1].sent, "lost, or made up");
                demand(n[receiver ? 0 : 1].cancelled + n[1].sent == 1,
                       "both, or neither");
            });
        });
}

TEST_CASE("laws 46 and 69: a join on another thread returns the task's result, before "
          "or after the task ended") {
    all_of("join", [](threads& t) {
        auto got = std::make_shared<int>(0);
        channel<> go_on;
        auto& a = t.run([=]() -> task<> { co_await go_on.receive(); });
        t.run([=, &a]() -> task<> {
            auto h = heddle::go(a, []() -> task<int> { co_return 7; });
            go_on.close();
            *got = co_await h;
        });
        t.at_end([=] { demand(*got == 7, "another result"); });
    });
}

TEST_CASE("laws 48 and 59: a cancel of a task on another thread ends the task once, "
          "cancelled or normally") {
    all_of("cancel", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        auto h = std::make_shared<heddle::join_handle<void>>();
        auto& a = t.run([](asio::io_context&) {});
        *h = heddle::go(a, [=]() -> task<> { return receive_one(c, n[0]); });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.run([=] { h->cancel(); });
        t.at_end([=] { demand(n[0].received == n[1].sent, "lost, or made up"); });
    });
}

TEST_CASE("law 68: a task that is started on another thread's host runs, whether that "
          "host is busy, idle or about to be idle") {
    auto starters = [](int how_many) {
        return [=](threads& t) {
            auto ran = std::make_shared<heddle::testing::atomic<int>>(0);
            channel<> end(2);
            auto& a = t.run([=]() -> task<> {
                for (int i = 0; i < how_many; ++i)
                    co_await end.receive();
            });
            for (int i = 0; i < how_many; ++i)
                t.run([=, &a] {
                    heddle::go(a, [=]() -> task<> {
                        ran->fetch_add(1);
                        co_await end.send();
                    });
                });
            t.at_end([=] { demand(ran->load() == how_many, "not run"); });
        };
    };
    all_of("go elsewhere", starters(1));
    all_of("go elsewhere from two", starters(2), {.preemptions = 1});
}

TEST_CASE("laws 40 and 48: a select ends once, by a token or by a send, and has left "
          "both queues") {
    all_of("cancelled select", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        auto source = std::make_shared<heddle::done_source>();
        auto token = source->token();
        channel<int> a, b;
        t.run([=]() -> task<> {
            try {
                co_await heddle::with_done(token, receive_either(a, b, n[0]));
            } catch (const heddle::cancelled&) {
                ++n[0].cancelled;
            }
            demand(b.try_send(1) == try_status::would_block, "it is still queued");
        });
        t.run([=] { n[1].sent = a.try_send(7) == try_status::done; });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n[0].received == n[1].sent, "lost, or made up");
            demand(n[0].received + n[0].cancelled == 1, "both, or neither");
        });
    });
}

TEST_CASE("laws 40, 44 and 45: no sender claims a wait that began after the one it "
          "saw: two selects in turn beside two senders") {
    all_of("two selects", [](threads& t) {
        auto n = std::make_shared<tally[]>(3);
        channel<int> a, b;
        t.run([=]() -> task<> {
            for (int i = 0; i < 2; ++i)
                co_await receive_either(a, b, n[0]);
        });
        t.run([=] { return send_one(a, 1, n[1]); });
        t.run([=] { return send_one(b, 2, n[2]); });
        t.at_end([=] { demand(n[0].received == 2, "not both"); });
    });
}

TEST_CASE("a mutex keeps tasks of two hosts apart, and lets each of them in") {
    all_of("mutex", [](threads& t) {
        auto m = std::make_shared<heddle::mutex>();
        auto inside = std::make_shared<heddle::testing::atomic<int>>(0);
        for (int i = 0; i < 2; ++i)
            t.run([=]() -> task<> {
                auto guard = co_await m->lock();
                demand(inside->exchange(1) == 0, "two inside");
                co_await heddle::yield();
                inside->store(0);
            });
    });
}

TEST_CASE(
    "law 68: a task that moves to another host goes on there once, beside a cancel") {
    all_of("resume_on", [](threads& t) {
        auto n = std::make_shared<tally>();
        auto source = std::make_shared<heddle::done_source>();
        auto token = source->token();
        channel<> over;
        auto& there = t.run([=]() -> task<> { co_await over.receive(); });
        t.run([=, &there]() -> task<> {
            try {
                auto move = [&]() -> task<> {
                    co_await heddle::resume_on(there.get_executor());
                    ++n->received;
                    co_await over.receive();
                };
                co_await heddle::with_done(token, move());
            } catch (const heddle::cancelled&) {
                ++n->cancelled;
            }
            over.try_close();
        });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n->received <= 1 && n->cancelled == 1, "twice, or not cancelled");
        });
    });
}

TEST_CASE("laws 39, 40 and 45: a selector takes a value from each of two senders, one "
          "in each turn") {
    all_of("selector", [](threads& t) {
        auto n = std::make_shared<tally[]>(3);
        channel<int> a, b;
        t.run([=]() -> task<> {
            std::optional<int> x, y;
            heddle::selector s;
            s.add(a.receive(x));
            s.add(b.receive(y));
            for (int i = 0; i < 2; ++i)
                n[0].value += co_await s.next() == 0 ? x.value() : y.value();
        });
        t.run([=] { return send_one(a, 1, n[1]); });
        t.run([=] { return send_one(b, 2, n[2]); });
        t.at_end([=] { demand(n[0].value == 3, "not both"); });
    });
}

TEST_CASE("laws 30 and 38: selectors that face each other on two channels meet once, "
          "if no thread is preempted more than once") {
    all_of("crossed selectors",
           [](threads& t) {
               auto n = std::make_shared<tally[]>(2);
               channel<int> a, b;
               auto one = [=](channel<int> to, channel<int> from,
                              tally& mine) -> task<> {
                   std::optional<int> x;
                   int v = 1;
                   heddle::selector s;
                   s.add(to.send(v));
                   s.add(from.receive(x));
                   ++(co_await s.next() == 0 ? mine.sent : mine.received);
               };
               t.run([=] { return one(a, b, n[0]); });
               t.run([=] { return one(b, a, n[1]); });
               t.at_end([=] {
                   demand(n[0].sent == n[1].received && n[1].sent == n[0].received,
                          "two arms");
                   demand(n[0].sent + n[1].sent == 1, "not one rendezvous");
               });
           },
           {.preemptions = 1});
}

TEST_CASE("laws 7 and 37: selectors with spare arms in both directions on one channel "
          "meet once, if no thread is preempted more than once") {
    all_of("arms to spare",
           [](threads& t) {
               auto n = std::make_shared<tally[]>(2);
               channel<int> c;
               auto one = [=](int sends, int receives, tally& mine) -> task<> {
                   std::optional<int> x;
                   heddle::selector s;
                   for (int i = 0; i < sends; ++i)
                       s.add(c.send(int(i)));
                   for (int i = 0; i < receives; ++i)
                       s.add(c.receive(x));
                   auto arm = co_await s.next();
                   ++(arm < static_cast<std::size_t>(sends) ? mine.sent
                                                            : mine.received);
               };
               t.run([=] { return one(2, 1, n[0]); });
               t.run([=] { return one(1, 2, n[1]); });
               t.at_end([=] {
                   demand(n[0].sent == n[1].received && n[1].sent == n[0].received,
                          "not the two arms of one meeting");
                   demand(n[0].sent + n[1].sent == 1, "not one meeting");
               });
           },
           {.preemptions = 1});
}

TEST_CASE("law 7: a handler that waits in a select takes one of two values, and the "
          "same schedule leads to the same value") {
    all_of("select of a handler", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> a(1), b(1);
        (void)a.try_send(1);
        (void)b.try_send(2);
        auto x = std::make_shared<std::optional<int>>();
        auto y = std::make_shared<std::optional<int>>();
        t.run([=]() -> task<> {
            heddle::select(a.receive(*x),
                           b.receive(*y))(heddle::this_task::executor(),
                                          [=](heddle::error_code, std::size_t arm) {
                                              n[0].value = (arm == 0 ? *x : *y).value();
                                          });
            co_return;
        });
        t.run([=]() mutable {
            std::optional<int> v;
            if (a.try_receive(v) == try_status::done)
                n[1].value = *v;
        });
        t.at_end([=]() mutable {
            demand(n[0].value == 1 || n[0].value == 2, "no value");
            demand(n[0].value + n[1].value + 2 * int(b.size()) + int(a.size()) == 3,
                   "lost, or twice");
        });
    });
}

TEST_CASE("laws 17 and 79: when the last handle is dropped beside a send into the "
          "buffer, the value is destroyed once") {
    all_of("last handle",
           [](threads& t) {
               auto value = std::make_shared<int>(7);
               auto left = std::make_shared<std::weak_ptr<int>>(value);
               channel<std::shared_ptr<int>> c(1);
               t.run([c, value]() mutable {
                   (void)c.try_send(value);
                   value = nullptr;
                   c = nullptr;
               });
               t.run([c]() mutable { c = nullptr; });
               c = nullptr;
               t.at_end([=] { demand(left->expired(), "the value is left"); });
           },
           {.counts = true});
}

TEST_CASE("laws 40 and 74: a channel whose last handle is dropped as an arm that lost "
          "leaves its queue is freed after that") {
    all_of("losing arm, last handle",
           [](threads& t) {
               channel<int> won;
               auto lost = std::make_shared<channel<int>>();
               auto n = std::make_shared<tally>();
               t.run([=]() -> task<> {
                   std::optional<int> v, w;
                   // Only the thread below keeps the channel of the first arm.
                   n->received = 1 + static_cast<int>(co_await heddle::select(
                                         lost->receive(w), won.receive(v)));
               });
               t.run([=] {
                   if (won.try_send(7) != try_status::done) {
                       won.close();  // the task does not wait yet
                       return;
                   }
                   n->sent = 1;
                   n->refused = lost->try_send(8) == try_status::would_block;
                   *lost = nullptr;
               });
               t.at_end([=] {
                   demand(n->sent == n->refused, "the arm that lost took a value");
                   demand(n->received == 2, "the wrong arm");
               });
           },
           {.counts = true});
}

TEST_CASE(
    "laws 73 and 74: a channel whose last handle is dropped as the context of its "
    "receiver ends is freed after that") {
    all_of("context ends, last handle",
           [](threads& t) {
               auto kept = std::make_shared<channel<int>>();
               t.run([=] {
                   asio::io_context ctx;
                   heddle::go(ctx, [=]() -> task<> { co_await kept->receive(); });
                   ctx.poll();
               });
               t.run([=] {
                   if (kept->try_send(7) == try_status::done)
                       *kept = nullptr;
               });
           },
           {.preemptions = 2, .counts = true});
}

TEST_CASE("laws 73 and 75: when a context ends beside a send to a task in it, the "
          "value is received, kept or destroyed") {
    all_of("context ends", [](threads& t) {
        auto value = std::make_shared<int>(7);
        auto left = std::make_shared<std::weak_ptr<int>>(value);
        channel<std::shared_ptr<int>> c;
        t.run([=] {
            asio::io_context ctx;
            heddle::go(ctx, [=]() -> task<> { co_await c.receive(); });
            ctx.poll();
        });
        t.run([c, value]() mutable {
            (void)c.try_send(value);
            value = nullptr;
        });
        value = nullptr;
        t.at_end([=] { demand(left->expired(), "the value is left"); });
    });
}

TEST_CASE("laws 73 and 75: a context may end beside a send to one of its handlers, or "
          "beside the close of a token that a handler is bound to") {
    // The end of a context is no step of its own; the counting of references then is.
    all_of("handler ends",
           [](threads& t) {
               channel<int> c;
               t.run([=] {
                   auto ctx = std::make_unique<asio::io_context>(1);
                   c.async_receive(*ctx, [](heddle::error_code, std::optional<int>) {});
               });
               t.run([=] { (void)c.try_send(7); });
           },
           {.counts = true});
    all_of("bound handler ends",
           [](threads& t) {
               auto stop = std::make_shared<heddle::done_source>();
               t.run([=] {
                   auto ctx = std::make_unique<asio::io_context>(1);
                   auto timer = std::make_unique<asio::steady_timer>(
                       *ctx, std::chrono::hours(1));
                   timer->async_wait(
                       heddle::bind_done(stop->token(), [](heddle::error_code) {}));
               });
               t.run([=] { stop->close(); });
           },
           {.counts = true});
}

TEST_CASE("law 54: an operation that ends on another thread, while bind_done registers "
          "at its token, leaves nothing at the token") {
    using operation = test::held<void(heddle::error_code)>;
    auto program = [](threads& t, auto end) {
        auto op = std::make_shared<operation>();
        auto stop = std::make_shared<heddle::done_source>();
        channel<> started(1);
        op->on_start = [=] { (void)started.try_send(); };
        t.run([=](asio::io_context& ctx) {
            op->start(heddle::bind_done(
                stop->token(),
                asio::bind_executor(ctx.get_executor(), [](heddle::error_code) {})));
        });
        t.run([=] {
            started.receive_blocking();
            end(*op);
        });
        t.at_end([=] {
            demand(stop->token().node()->waiters().empty(), "it is left at the token");
        });
        return stop;
    };
    all_of("ended beside watch", [=](threads& t) {
        program(t, [](operation& op) { op.complete_inline({}); });
    });
    all_of("dropped beside watch",
           [=](threads& t) { program(t, [](operation& op) { op.drop(); }); });
    all_of("closed beside the end and the watch", [=](threads& t) {
        auto stop = program(t, [](operation& op) { op.drop(); });
        t.run([=] { stop->close(); });
    });
}

TEST_CASE("laws 73 and 75: when a context ends, a handler that another thread posts to "
          "one of its hosts is run or destroyed") {
    struct mortal {
        explicit mortal(const std::string& place) {
            if (place == "a strand")
                heddle::go(asio::make_strand(*ctx), [this] { tell(); });
            else if (place == "workers")
                heddle::go(heddle::parallel(*ctx, 2), [this] { tell(); });
            else
                heddle::go(*ctx, [this] { tell(); });
            ctx->poll();
        }
        void tell() { host = heddle::this_task::executor(); }

        std::unique_ptr<asio::io_context> ctx = std::make_unique<asio::io_context>(1);
        asio::any_io_executor host;
    };
    using witness = std::shared_ptr<int>;
    using gift = std::function<void(const asio::any_io_executor&, witness)>;
    const std::vector<std::pair<std::string, gift>> gifts{
        {"a handler", [](const asio::any_io_executor& host,
                         witness w) { asio::post(host, [w] {}); }},
        {"a handler that may run at once",
         [](const asio::any_io_executor& host, witness w) {
             asio::dispatch(host, [w] {});
         }},
        {"a task",
         [](const asio::any_io_executor& host, witness w) {
             heddle::go(host, [](witness) -> task<> { co_return; }, w);
         }},
        {"a task that goes on there",
         [](const asio::any_io_executor& host, witness w) {
             asio::io_context own(1);
             heddle::go(
                 own,
                 [](asio::any_io_executor to, witness) -> task<> {
                     co_await heddle::resume_on(to);
                 },
                 host, w);
             own.run();
         }},
    };
    for (auto& [name, give] : gifts)
        for (std::string place : {"a context", "a strand", "workers"}) {
            all_of(name + ", " + place, [&, g = give](threads& t) {
                auto m = std::make_shared<mortal>(place);
                auto value = std::make_shared<int>(7);
                std::weak_ptr<int> left = value;
                t.run([m] { m->ctx.reset(); });
                t.run([m, g, value]() mutable {
                    auto host = std::exchange(m->host, {});
                    g(host, std::move(value));
                });
                t.at_end([=] { demand(left.expired(), "it is left"); });
            });
        }
}

TEST_CASE("laws 58, 73 and 75: a task ends when its context ends beside the end of its "
          "operation, which belongs to another context") {
    using operation = test::held<void(heddle::error_code)>;
    using end = std::function<void(operation&, heddle::done_source&)>;
    const std::vector<std::pair<std::string, end>> ends{
        {"completed", [](operation& o, heddle::done_source&) { o.complete({}); }},
        {"completed inline",
         [](operation& o, heddle::done_source&) { o.complete_inline({}); }},
        {"dropped", [](operation& o, heddle::done_source&) { o.drop(); }},
        {"cancelled",
         [](operation& o, heddle::done_source& stop) {
             stop.close();
             o.drop();
         }},
    };
    for (auto& [name, how] : ends)
        all_of("operation " + name, [f = how](threads& t) {
            auto op = std::make_shared<operation>();
            auto stop = std::make_shared<heddle::done_source>();
            auto ctx = std::make_shared<std::unique_ptr<asio::io_context>>(
                std::make_unique<asio::io_context>(1));
            auto value = std::make_shared<int>(7);
            std::weak_ptr<int> left = value;
            heddle::go(
                **ctx,
                [](operation& o, heddle::done_token done,
                   std::shared_ptr<int>) -> task<> {
                    co_await heddle::with_done(done, [](operation& in) -> task<> {
                        co_await in.start(heddle::use_task);
                    }(o));
                },
                std::ref(*op), stop->token(), std::move(value));
            (*ctx)->poll();
            t.run([ctx] { ctx->reset(); });
            t.run([op, stop, f] { f(*op, *stop); });
            t.at_end([=] { demand(left.expired(), "its frame is left"); });
        });
}

TEST_CASE("law 58: an operation that another thread drops while it is stopped leaves "
          "no result behind") {
    all_of("stop beside drop", [](threads& t) {
        auto op = std::make_shared<test::held<void(heddle::error_code)>>();
        channel<> started, gone;
        t.run([=]() -> task<> {
            heddle::inflight flying(op->start(heddle::use_task));
            co_await started.send({});
            co_await flying.stop();
            co_await gone.receive();
            demand(!flying.has_result(), "a result after stop");
        });
        t.run([=] {
            started.receive_blocking();
            op->drop();
            gone.send_blocking({});
        });
    });
}

TEST_CASE("laws 1 and 6: threads may wait without a host") {
    all_of("threads", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=] { c.send_blocking(1); });
        t.run([=] { c.send_blocking(2); });
        t.run([=] {
            for (int i = 0; i < 2; ++i)
                n[0].value += c.receive_blocking().value();
        });
        t.at_end([=] { demand(n[0].value == 3, "lost"); });
    });
}

TEST_CASE("laws 48 and 49: beside a send and a close, a waiting handler is called "
          "once, with the value or without") {
    all_of("handler", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=](asio::io_context& ctx) {
            c.async_receive(ctx, [=](heddle::error_code, std::optional<int> v) {
                ++n[0].cancelled;  // called
                n[0].received = v.has_value();
            });
        });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.run([=] { c.try_close(); });
        t.at_end([=] {
            demand(n[0].cancelled == 1, "not called once");
            demand(n[0].received == n[1].sent, "lost, or made up");
        });
    });
}

TEST_CASE(
    "law 66: a select ends either by its time-out or by a value from another thread") {
    all_of("time-out", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=]() -> task<> {
            std::optional<int> v;
            auto arm = co_await heddle::select(c.receive(v),
                                               heddle::after(std::chrono::seconds(1)));
            demand(v.has_value() == (arm == 0), "not the arm that is told");
            n[0].received = arm == 0;
        });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.at_end([=] { demand(n[0].received == n[1].sent, "lost, or made up"); });
    });
}

TEST_CASE("laws 6, 7, 22-25, 29, 39 and 47-50 hold in programs drawn by seed: two or "
          "three threads, two steps each, on two channels") {
    // tools/soak runs more.
    const std::uint64_t programs = test::number_in("HEDDLE_PROGRAMS", 40);
    const std::size_t limit = programs > 40 ? 20000 : 200;
    std::size_t schedules = 0, complete = 0;
    for (std::uint64_t seed = 1; seed <= programs; ++seed) {
        drawn p = draw(seed);
        auto all =
            explore_threads("threads " + std::to_string(seed),
                            [&](threads& t) {
                                auto run = std::make_shared<run_of>(p);
                                for (std::size_t i = 0; i < p.threads.size(); ++i)
                                    if (p.has_host(i))
                                        t.run([=] { return run->with_host(i); });
                                    else
                                        t.run([=] { run->without_host(i); });
                                t.at_rest([=] { run->at_rest(); });
                                t.at_end([=] { run->at_end(); });
                            },
                            {.schedules = limit});
        schedules += all.schedules;
        complete += all.complete;
    }
    MESSAGE(schedules << " schedules of " << programs << " programs, " << complete
                      << " of them complete");
}

TEST_SUITE_END();
