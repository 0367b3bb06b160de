// SPDX-License-Identifier: BSL-1.0
// Faults on purpose: each function that may throw throws once, a waiting task is
// destroyed at every point, every cancel meets every completion, and a context is
// stopped, restarted and destroyed after each of its handlers. allocation_test.cpp
// makes allocations fail.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/ending.hpp"
#include "support/operations.hpp"
#include "support/world.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::channel;
using heddle::task;
using heddle::try_status;
using heddle::testing::explore;
using heddle::testing::world;
using test::ending;
using test::tracked;

// -- values that throw ---------------------------------------------------------------

struct fault : std::runtime_error {
    fault() : std::runtime_error("fault") {}
};

/// Counts down at each point where a user's code may throw; at zero it throws.
class countdown {
public:
    static inline int left = -1;
    static inline int happened = 0;
    static void point() {
        if (left >= 0 && left-- == 0) {
            ++happened;
            throw fault();
        }
    }
};

/// Its copies, moves and constructor may throw.
class brittle {
public:
    explicit brittle(int n) : n_(n) {
        countdown::point();
        ++alive;
    }
    brittle(const brittle& o) : n_(o.n_) {
        countdown::point();
        ++alive;
    }
    brittle(brittle&& o) : n_(o.n_) {
        countdown::point();
        ++alive;
        o.n_ = -1;
    }
    brittle& operator=(const brittle&) = default;
    ~brittle() { --alive; }
    int value() const { return n_; }

    static inline int alive = 0;

private:
    int n_;
};

/// The same, but its move does not throw, so it may go through a channel.
class copied {
public:
    explicit copied(int n) : n_(n) {
        countdown::point();
        ++brittle::alive;
    }
    copied(const copied& o) : n_(o.n_) {
        countdown::point();
        ++brittle::alive;
    }
    copied(copied&& o) noexcept : n_(std::exchange(o.n_, -1)) { ++brittle::alive; }
    copied& operator=(const copied& o) {
        countdown::point();
        n_ = o.n_;
        return *this;
    }
    copied& operator=(copied&& o) noexcept {
        n_ = std::exchange(o.n_, -1);
        return *this;
    }
    ~copied() { --brittle::alive; }
    int value() const { return n_; }

private:
    int n_;
};

task<int> child(brittle a, const brittle&, int n) {
    co_await heddle::yield();
    co_return a.value() + n;
}

task<brittle> make(int n) {
    co_await heddle::yield();
    co_return brittle(n);
}

/// Its call operator is a coroutine, and copying it may throw.
struct callable {
    brittle state;
    explicit callable(int n) : state(n) {}
    task<brittle> operator()() {
        co_await heddle::yield();
        co_return brittle(state.value());
    }
};

/// The faults that reached this program, and how much of its work was done.
struct report {
    int faults = 0;
    int done = 0;
    std::set<std::string> where;

    template <class F>
    void attempt(const char* what, F&& f) {
        try {
            f();
            ++done;
        } catch (const fault&) {
            ++faults;
            where.insert(what);
        }
    }
    task<> attempt_wait(const char* what, task<> t) {
        try {
            co_await std::move(t);
            ++done;
        } catch (const fault&) {
            ++faults;
            where.insert(what);
        }
    }
};

task<> sends(channel<copied> c, report& r) {
    auto one = [](channel<copied> to, int form) -> task<> {
        const copied mine(form);
        if (form == 0)
            co_await to.send(mine);
        else if (form == 1)
            co_await to.emplace(form);
        else if (form == 2)
            co_await heddle::select(to.send(mine), heddle::after(1h));
        else
            (void)to.try_send(mine);
    };
    for (int form = 0; form < 4; ++form)
        co_await r.attempt_wait("send", one(c, form));
}

task<> receives(channel<copied> c, report& r) {
    auto one = [](channel<copied> from, int form, bool& more) -> task<> {
        std::optional<copied> v;
        if (form % 2 == 0)
            more = co_await from.receive(v);
        else
            co_await heddle::select(from.receive(v), heddle::after(1h));
        more = v.has_value();
        if (v)
            copied mine(*v);
    };
    bool more = true;
    for (int form = 0; more; ++form)
        co_await r.attempt_wait("receive", one(c, form, more));
}

task<> starts(report& r) {
    auto joined = [](int form) -> task<> {
        brittle a(1);
        const brittle b(2);
        heddle::join_handle<int> h;
        heddle::join_handle<brittle> made;
        int n = 0;
        if (form == 0) {
            h = heddle::go(child, a, b, 3);
            n = co_await h;
        } else if (form == 1) {
            h = heddle::go(child, std::move(a), std::cref(b), 3);
            n = co_await h;
        } else if (form == 2) {
            made = heddle::go(make, 4);
            brittle v = co_await made;
            n = v.value();
        } else if (form == 3) {
            callable f(4);
            made = heddle::go(f);
            brittle v = co_await made;
            n = v.value();
        } else if (form == 4) {
            brittle v = co_await make(4);
            n = v.value();
        } else if (form == 5) {
            auto under = heddle::with_timeout(1h, make(4));
            brittle v = co_await std::move(under);
            n = v.value();
        } else if (form == 6) {
            heddle::wait_group g;
            g.go([](brittle) -> task<> { co_return; }, a);
            co_await g.wait();
            n = 4;
        } else {
            heddle::group g;
            bool started = false;
            try {
                g.go(
                    [](brittle x) -> task<> {
                        brittle y(x);
                        co_return;
                    },
                    a);
                started = true;
            } catch (const fault&) {
            }
            co_await g.wait();
            if (!started)
                throw fault();
            n = 4;
        }
        CHECK(n == 4);
    };
    for (int form = 0; form < 8; ++form)
        co_await r.attempt_wait("go", joined(form));
}

task<> everything(report& r) {
    channel<copied> c, buffered(2);
    for (auto& each : {c, buffered}) {
        auto in = heddle::go(receives, each, std::ref(r));
        co_await sends(each, r);
        each.close();
        co_await in;
    }
    co_await starts(r);
}

}  // namespace

TEST_SUITE_BEGIN("faults");

TEST_CASE("law 14: each copy, argument and result throws once, and the exception "
          "reaches one place") {
    int k = 0;
    std::set<std::string> places;
    for (bool reached = true; reached; ++k) {
        CAPTURE(k);
        report r;
        int alive = brittle::alive;
        countdown::left = k;
        countdown::happened = 0;
        {
            world w;
            w.run(everything(r));
            w.expect_end();
        }
        reached = countdown::happened != 0;
        countdown::left = -1;
        CHECK(r.faults == countdown::happened);  // the fault reached one place
        CHECK(brittle::alive == alive);
        if (!reached) {
            CHECK(r.faults == 0);
            CHECK(r.done >= 24);
        }
        places.insert(r.where.begin(), r.where.end());
    }
    CHECK(k > 40);
    CHECK(places == std::set<std::string>{"go", "receive", "send"});
    MESSAGE((k - 1) << " places of a user's code threw, one at a time");
}

// -- every cancel, every completion --------------------------------------------------------

namespace {

/// A wait, the call that completes it, and whether a completion is left that no task
/// took.
struct meeting {
    virtual ~meeting() = default;
    virtual task<> wait() = 0;
    virtual void complete() = 0;
    /// Returns whether the waiter's share of the completion is left; nothing if this
    /// cannot be told.
    virtual std::optional<bool> left() = 0;
};

struct receive_meeting final : meeting {
    channel<tracked> c{1};
    task<> wait() override {
        auto v = co_await c.receive();
        if (!v || v->value() != 7)
            throw std::logic_error("received something else");
    }
    void complete() override { (void)c.try_send(tracked(7)); }
    std::optional<bool> left() override { return c.size() == 1; }
};

struct unbuffered_meeting final : meeting {
    channel<tracked> c;
    bool sent = false;
    task<> wait() override {
        auto v = co_await c.receive();
        if (!v)
            throw std::logic_error("received nothing");
    }
    void complete() override { sent = c.try_send(tracked(7)) == try_status::done; }
    std::optional<bool> left() override { return !sent; }
};

struct send_meeting final : meeting {
    channel<tracked> c;
    bool received = false;
    task<> wait() override {
        tracked v(7);
        try {
            co_await c.send(std::move(v));
        } catch (const heddle::cancelled&) {
            if (v.value() != 7)
                throw std::logic_error("a cancelled send has taken the value");
            throw;
        }
    }
    void complete() override {
        tracked v(0);
        received = c.try_receive(v) == try_status::done;
    }
    std::optional<bool> left() override { return !received; }
};

struct select_meeting final : meeting {
    channel<tracked> c{1}, quiet;
    task<> wait() override {
        std::optional<tracked> v;
        auto arm = co_await heddle::select(quiet.receive(std::ignore), c.receive(v),
                                           quiet.emplace(1));
        if (arm != 1 || !v)
            throw std::logic_error("another arm");
    }
    void complete() override { (void)c.try_send(tracked(7)); }
    std::optional<bool> left() override { return c.size() == 1; }
};

struct close_meeting final : meeting {
    channel<tracked> c;
    task<> wait() override {
        auto v = co_await c.receive();
        if (v)
            throw std::logic_error("received from nobody");
    }
    void complete() override { c.close(); }
    std::optional<bool> left() override { return {}; }
};

struct join_meeting final : meeting {
    channel<> over;
    heddle::join_handle<int> h;
    task<> wait() override {
        int n = co_await h;
        if (n != 3)
            throw std::logic_error("another result");
    }
    void start() {
        h = heddle::go(heddle::shield([](channel<> until) -> task<int> {
            (void)co_await until.receive();
            co_return 3;
        }(over)));
    }
    void complete() override { over.close(); }
    std::optional<bool> left() override { return {}; }
};

struct token_meeting final : meeting {
    heddle::done_source other;
    task<> wait() override { co_await other.token(); }
    void complete() override { other.close(); }
    std::optional<bool> left() override { return {}; }
};

struct mutex_meeting final : meeting {
    heddle::mutex m;
    heddle::mutex::guard held = m.try_lock(), mine;
    task<> wait() override { mine = co_await m.lock(); }
    void complete() override { held.unlock(); }
    std::optional<bool> left() override { return static_cast<bool>(m.try_lock()); }
};

struct semaphore_meeting final : meeting {
    heddle::semaphore s{0};
    task<> wait() override { co_await s.acquire(); }
    void complete() override { s.release(); }
    std::optional<bool> left() override { return s.try_acquire(); }
};

struct event_meeting final : meeting {
    heddle::event e;
    task<> wait() override { co_await e.wait(); }
    void complete() override { e.set(); }
    std::optional<bool> left() override { return {}; }
};

struct group_meeting final : meeting {
    heddle::wait_group g;
    group_meeting() { g.add(); }
    task<> wait() override { co_await g.wait(); }
    void complete() override { g.done(); }
    std::optional<bool> left() override { return {}; }
};

struct scope_meeting final : meeting {
    channel<tracked> c{1};
    heddle::done_source other;
    task<> wait() override {
        auto inner = [](channel<tracked> in) -> task<> { (void)co_await in.receive(); };
        co_await heddle::with_done(heddle::this_task::done(), inner(c));
    }
    void complete() override { (void)c.try_send(tracked(7)); }
    std::optional<bool> left() override { return c.size() == 1; }
};

/// An Asio operation that its cancellation ends with an error.
struct asio_meeting final : meeting {
    test::held<void(heddle::error_code)> op;
    bool taken = false;
    asio_meeting() {
        op.on_cancel = [this] {
            if (op.waiting())
                op.complete(asio::error::operation_aborted);
        };
    }
    task<> wait() override { co_await op.start(heddle::use_task); }
    void complete() override {
        taken = op.waiting();
        if (taken)
            op.complete({});
    }
    std::optional<bool> left() override { return !taken; }
};

using maker = std::function<std::shared_ptr<meeting>()>;
template <class M>
maker maker_of() {
    return [] { return std::make_shared<M>(); };
}

const std::vector<std::pair<std::string, maker>> meetings{
    {"receive", maker_of<receive_meeting>()},
    {"unbuffered receive", maker_of<unbuffered_meeting>()},
    {"send", maker_of<send_meeting>()},
    {"select", maker_of<select_meeting>()},
    {"close", maker_of<close_meeting>()},
    {"join", maker_of<join_meeting>()},
    {"token", maker_of<token_meeting>()},
    {"mutex", maker_of<mutex_meeting>()},
    {"semaphore", maker_of<semaphore_meeting>()},
    {"event", maker_of<event_meeting>()},
    {"wait_group", maker_of<group_meeting>()},
    {"with_done", maker_of<scope_meeting>()},
    {"asio", maker_of<asio_meeting>()},
};

void judge(meeting& m, const std::string& how, bool& both, bool& neither) {
    bool ok = how == "ok";
    if (!ok && how != "cancelled: closed")
        throw std::logic_error(how);
    auto left = m.left();
    if (left && *left == ok)
        throw std::logic_error(ok ? "completed, and its completion is still there"
                                  : "cancelled, and its completion is gone");
    (ok ? both : neither) = true;
}

}  // namespace

TEST_CASE("laws 48-50, 58: every cancel meets every completion, in every order") {
    std::size_t schedules = 0;
    for (auto& [name, make_one] : meetings) {
        CAPTURE(name);
        bool completed = false, cancelled = false;
        auto all = explore("cancel against " + name, [&]() -> task<> {
            auto m = make_one();
            if (auto* j = dynamic_cast<join_meeting*>(m.get()))
                j->start();
            std::string how;
            auto waiter = heddle::go(
                [](std::shared_ptr<meeting> at) -> task<> { co_await at->wait(); }, m);
            auto completer = heddle::go(
                [](std::shared_ptr<meeting> at) -> task<> {
                    co_await heddle::yield();
                    at->complete();
                },
                m);
            auto canceller = heddle::go(
                [](heddle::join_handle<>& whom) -> task<> {
                    co_await heddle::yield();
                    whom.cancel();
                },
                std::ref(waiter));
            co_await completer;
            co_await canceller;
            how = co_await ending(std::move(waiter));
            judge(*m, how, completed, cancelled);
        });
        CHECK(all.complete);
        CHECK(all.schedules >= 10);
        schedules += all.schedules;
        CHECK(completed);
        CHECK(cancelled);
    }
    CHECK(tracked::alive() == 0);
    MESSAGE(schedules << " schedules of " << meetings.size() << " kinds of waits");
}

// -- ends at every step -----------------------------------------------------------------

namespace {

/// A program that contains every kind of wait, whose result is known. It outlives its
/// context.
class rich {
public:
    void start(asio::io_context& in) {
        ctx = &in;
        heddle::go(in, &rich::main, this);
        heddle::go(asio::make_strand(in), &rich::on_strand, this);
    }
    int result = 0;
    std::map<std::string, int> at;  // the place where each task waits

private:
    class here {
    public:
        here(rich& r, const char* what) : n_(r.at[what]) { ++n_; }
        ~here() { --n_; }

    private:
        int& n_;
    };

    task<> main() {
        tracked local(1);
        heddle::wait_group g;
        for (int i = 0; i < 3; ++i)
            g.go(&rich::worker, this, i);
        auto total = heddle::go(&rich::sum, this);
        {
            here h(*this, "wait_group");
            co_await g.wait();
        }
        work.close();
        auto slow = heddle::go(&rich::pause, this);
        here h(*this, "join");
        co_await slow;
        int n = co_await total;
        result += n;
        done.set();
    }

    task<> worker(int i) {
        tracked local(i);
        asio::steady_timer timer(*ctx, asio::steady_timer::time_point::min());
        for (int k = 0; k < 3; ++k) {
            {
                here h(*this, "mutex");
                auto guard = co_await m.lock();
                here in(*this, "yield");
                co_await heddle::yield();
            }
            {
                here h(*this, "send");
                tracked v(i * 10 + k);
                co_await work.send(std::move(v));
            }
            here h(*this, "asio");
            co_await timer.async_wait(heddle::use_task);
        }
        here h(*this, "with_timeout");
        co_await heddle::with_timeout(1h, pause());
    }

    task<> pause() {
        here h(*this, "sleep");
        co_await heddle::sleep(1us);
    }

    task<int> sum() {
        int n = 0;
        for (;;) {
            std::optional<tracked> v;
            here h(*this, "select");
            if (co_await heddle::select(work.receive(v), never.receive(std::ignore)) !=
                    0 ||
                !v)
                co_return n;
            n += v->value();
            tracked copy(v->value());
            co_await reply.emplace(copy.value());
        }
    }

    task<> on_strand() {
        tracked local(2);
        asio::steady_timer far(heddle::this_task::executor(),
                               asio::steady_timer::time_point::max());
        heddle::inflight timer(far.async_wait(heddle::use_task));
        for (;;) {
            std::optional<tracked> v;
            here h(*this, "inflight");
            auto arm = co_await heddle::select(reply.receive(v), done.wait(), timer);
            if (arm == 1)
                break;
            if (v)
                result += 1;
        }
        here h(*this, "stop");
        co_await timer.stop();
    }

    asio::io_context* ctx = nullptr;
    channel<tracked> work, never, reply{1};
    heddle::mutex m;
    heddle::event done;
};

// 0+1+2 + 10+11+12 + 20+21+22, and 1 for each of the nine.
constexpr int rich_result = 99 + 9;

/// Runs at most that many handlers. Returns how many it ran.
int run_handlers(asio::io_context& ctx, int at_most) {
    int n = 0;
    while (n < at_most && ctx.run_one() != 0)
        ++n;
    return n;
}

}  // namespace

TEST_CASE("law 73: a context that is stopped after any of its handlers goes on when "
          "restarted") {
    int steps = 1;
    for (int k = 0; k <= steps; ++k) {
        CAPTURE(k);
        {
            rich program;
            asio::io_context ctx(1);
            program.start(ctx);
            int before = run_handlers(ctx, k);
            ctx.stop();
            CHECK(ctx.run() == 0);
            CHECK(ctx.poll() == 0);
            ctx.restart();
            int after = run_handlers(ctx, 100'000);
            CHECK(program.result == rich_result);
            CHECK(heddle::live_tasks(ctx) == 0);
            steps = std::max(steps, before + after);
        }
        CHECK(tracked::alive() == 0);
    }
    CHECK(steps > 15);
}

TEST_CASE("law 73: a context that is destroyed after any of its handlers destroys "
          "everything once") {
    int steps = 1;
    std::set<std::string> died_at;
    for (int k = 0; k <= steps; ++k) {
        CAPTURE(k);
        {
            rich program;
            auto ctx = std::make_unique<asio::io_context>(1);
            program.start(*ctx);
            int n = run_handlers(*ctx, k);
            if (n == k)
                steps = std::max(steps, k + 1);
            for (auto& [where, many] : program.at)
                if (many != 0)
                    died_at.insert(where);
            ctx.reset();
            for (auto& [where, many] : program.at)
                CHECK_MESSAGE(many == 0, where);
        }
        CHECK(tracked::alive() == 0);
    }
    CHECK(steps > 15);
    CHECK(died_at.size() >= 6);
}

namespace {

/// Throws after that many turns of the context, or a little later.
task<> bomb(int turns) {
    auto ex = heddle::this_task::executor();
    for (int n = turns; n > 0; --n)
        if (turns % 2)
            co_await asio::post(ex, heddle::use_task);
        else
            co_await heddle::yield();
    if (turns % 5 == 0)
        co_await heddle::sleep(turns % 10 == 0 ? 500ns : 1500ns);
    throw fault();
}

}  // namespace

TEST_CASE("law 73: tasks may be destroyed at any of their points, in any schedule") {
    // A task that throws leaves the world as it is at that point; then the world is
    // destroyed.
    std::set<std::string> died_at;
    int worlds = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        for (int turns = 0; turns < 60; ++turns) {
            bool left = false;
            {
                rich program;
                world w(seed);
                program.start(w.context());
                w.go(bomb, turns);
                try {
                    w.settle();
                    w.advance(1s);
                } catch (const fault&) {
                    left = true;
                    for (auto& [where, many] : program.at)
                        if (many != 0)
                            died_at.insert(where);
                }
            }
            CHECK(left);
            CHECK(tracked::alive() == 0);
            ++worlds;
        }
    CHECK(died_at.count("send") == 1);
    CHECK(died_at.count("select") == 1);
    CHECK(died_at.count("yield") == 1);
    CHECK(died_at.count("mutex") == 1);
    CHECK(died_at.count("join") == 1);
    CHECK(died_at.count("wait_group") == 1);
    CHECK(died_at.count("sleep") == 1);
    CHECK(died_at.count("with_timeout") == 1);
    CHECK(died_at.count("inflight") == 1);
    CHECK(died_at.count("asio") == 1);
    MESSAGE(worlds << " worlds ended in the middle, in " << died_at.size()
                   << " kinds of waits");
}

TEST_CASE("laws 68, 73: a very large number of parked tasks is destroyed with their "
          "context") {
#ifdef NDEBUG
    constexpr std::size_t n = 1'000'000;
#else
    constexpr std::size_t n = 200'000;
#endif
    static long gone = 0;
    struct counter {
        counter() = default;
        counter(counter&&) noexcept = default;
        ~counter() { ++gone; }
    };
    gone = 0;
    channel<int> c;
    {
        world w;
        for (std::size_t i = 0; i < n; ++i)
            w.go(
                [](channel<int> in) -> task<> {
                    counter local;
                    (void)co_await in.receive();
                },
                c);
        w.settle();
        CHECK(w.live() == n);
        CHECK(gone == 0);
    }
    CHECK(gone == static_cast<long>(n));
    CHECK(c.try_send(1) == try_status::would_block);
}

TEST_SUITE_END();
