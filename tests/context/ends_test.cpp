// SPDX-License-Identifier: BSL-1.0
// An operation that has ended keeps nothing alive, even if something still refers to
// the operation. A cancellation slot does so above all: it holds its handler until its
// signal is reused or destroyed.
#include "support/operations.hpp"
#include "support/world.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::task;
using heddle::use_task;
using shared = std::shared_ptr<int>;

/// A value whose references are counted, apart from the reference of the test.
struct witness {
    shared object = std::make_shared<int>(0);
    long held() const { return object.use_count() - 1; }
};

/// The three ways in which the wait of a handler ends.
enum class ending { aborted, happened, closed, context_died };
constexpr ending all_endings[] = {ending::aborted, ending::happened, ending::closed,
                                  ending::context_died};

/// Starts a wait by `start(context, slot)`, ends it, and checks with `released` while
/// the signal of its slot still lives. `happen` lets the operation happen; `close`
/// closes the object that it waits for.
template <class Start, class Act>
void end_each_way(Start start, Act act, std::vector<const witness*> all) {
    for (ending how : all_endings) {
        CAPTURE(static_cast<int>(how));
        asio::cancellation_signal stop;
        {
            auto world = std::make_unique<test::world>();
            start(*world, stop.slot());
            world->settle();
            if (how == ending::aborted)
                stop.emit(asio::cancellation_type::terminal);
            else if (how != ending::context_died)
                act(*world, how);
            if (how != ending::context_died)
                world->settle();
            else
                world.reset();
            for (auto* w : all)
                CHECK(w->held() == 0);
        }
    }
}

/// An Asio operation whose cancellation handler captures a value.
class keeping {
public:
    template <class Token>
    auto start(shared kept, Token&& token) {
        return asio::async_initiate<Token, void(heddle::error_code)>(
            [this](auto handler, shared k) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                using handler_type = decltype(handler);
                auto held = std::make_shared<handler_type>(std::move(handler));
                complete_ = [held](heddle::error_code ec) {
                    auto ex = asio::get_associated_executor(*held);
                    asio::dispatch(ex, [h = std::move(*held), ec]() mutable { h(ec); });
                };
                drop_ = [held] { handler_type gone(std::move(*held)); };
                if (slot.is_connected())
                    slot.assign([this, k](asio::cancellation_type) {
                        if (inline_)
                            complete(asio::error::operation_aborted);
                    });
            },
            token, std::move(kept));
    }
    void complete(heddle::error_code ec = {}) { std::exchange(complete_, nullptr)(ec); }
    void drop() { std::exchange(drop_, nullptr)(); }
    void complete_inside_cancellation() { inline_ = true; }

private:
    std::function<void(heddle::error_code)> complete_;
    std::function<void()> drop_;
    bool inline_ = false;
};

/// The cause keeps the state of its token alive for as long as the cause lives.
struct caused : std::runtime_error {
    explicit caused(shared k) : std::runtime_error("caused"), kept(std::move(k)) {}
    shared kept;
};

}  // namespace

TEST_SUITE_BEGIN("ends");

TEST_CASE("a send that has ended leaves no value, channel or handler in its "
          "cancellation slot") {
    witness value, in_channel, captured;
    std::optional<heddle::receiver<shared>> other;
    end_each_way(
        [&](test::world& world, asio::cancellation_slot slot) {
            heddle::channel<shared> c(1);
            CHECK(c.try_send(shared(in_channel.object)) == heddle::try_status::done);
            other.emplace(c);
            c.async_send(world.ctx, value.object,
                         asio::bind_cancellation_slot(
                             slot, [k = captured.object](heddle::error_code) {}));
            CHECK(value.held() == 1);
        },
        [&](test::world&, ending how) {
            std::optional<shared> v;
            if (how == ending::closed)
                CHECK(other->try_receive(v) == heddle::try_status::done);
            (void)other->try_receive(v);
            other.reset();
        },
        {&captured, &value});
    other.reset();
    CHECK(in_channel.held() == 0);
}

TEST_CASE(
    "an aborted send releases its value and its channel before its handler runs") {
    test::world world;
    witness value, in_channel;
    asio::cancellation_signal stop;
    bool told = false;
    {
        heddle::channel<shared> c(1);
        CHECK(c.try_send(shared(in_channel.object)) == heddle::try_status::done);
        c.async_send(world.ctx, value.object,
                     asio::bind_cancellation_slot(stop.slot(), [&](heddle::error_code) {
                         told = true;
                         CHECK(value.held() == 0);
                         CHECK(in_channel.held() == 0);
                     }));
    }
    world.settle();
    CHECK(value.held() == 1);
    CHECK(in_channel.held() == 1);
    stop.emit(asio::cancellation_type::terminal);
    CHECK(value.held() == 0);
    CHECK(in_channel.held() == 0);
    CHECK(!told);
    world.settle();
    CHECK(told);
}

TEST_CASE("a receive that has ended leaves no channel, handler or value in its "
          "cancellation slot") {
    witness value, captured;
    std::optional<heddle::channel<shared>> c;
    end_each_way(
        [&](test::world& world, asio::cancellation_slot slot) {
            c.emplace();
            c->async_receive(
                world.ctx, asio::bind_cancellation_slot(
                               slot, [k = captured.object](heddle::error_code,
                                                           std::optional<shared>) {}));
        },
        [&](test::world&, ending how) {
            if (how == ending::closed)
                c->close();
            else
                CHECK(c->try_send(shared(value.object)) == heddle::try_status::done);
        },
        {&value, &captured});
}

TEST_CASE("an aborted receive releases its channel") {
    test::world world;
    witness sent;
    asio::cancellation_signal stop;
    heddle::channel<shared> c(1);
    c.async_receive(world.ctx,
                    asio::bind_cancellation_slot(
                        stop.slot(), [](heddle::error_code, std::optional<shared>) {}));
    stop.emit(asio::cancellation_type::terminal);
    CHECK(c.try_send(shared(sent.object)) == heddle::try_status::done);
    c = {};  // this was the last handle, so the channel destroys its values
    CHECK(sent.held() == 0);
}

TEST_CASE(
    "a join that has ended leaves no result of the task in its cancellation slot") {
    for (bool aborted : {false, true}) {
        CAPTURE(aborted);
        test::world world;
        witness result, captured;
        heddle::channel<> go_on;
        asio::cancellation_signal stop;
        auto h = world.go([&]() -> task<shared> {
            co_await go_on.receive();
            co_return result.object;
        });
        h.async_join(world.ctx, asio::bind_cancellation_slot(
                                    stop.slot(), [k = captured.object](
                                                     std::exception_ptr, shared) {}));
        world.settle();
        if (aborted)
            stop.emit(asio::cancellation_type::terminal);
        (void)go_on.try_send();
        world.settle();
        CHECK(captured.held() == 0);
        h = {};
        CHECK(result.held() == 0);
    }
}

TEST_CASE(
    "a select that has ended leaves nothing of its arms in its cancellation slot") {
    witness value, captured, in_arms;
    std::optional<heddle::channel<shared>> c, d;
    end_each_way(
        [&](test::world& world, asio::cancellation_slot slot) {
            c.emplace();
            d.emplace();
            heddle::select(c->emplace(value.object), d->receive(std::ignore))(
                world.ctx,
                asio::bind_cancellation_slot(
                    slot, [k = captured.object](heddle::error_code, std::size_t) {}));
            std::vector<heddle::arm> arms;
            arms.push_back(c->emplace(in_arms.object));
            arms.push_back(d->receive(std::ignore));
            CHECK(in_arms.held() == 1);
        },
        [&](test::world&, ending how) {
            std::optional<shared> v;
            if (how == ending::closed)
                c->close();
            else
                CHECK(c->try_receive(v) == heddle::try_status::done);
        },
        {&value, &captured, &in_arms});
}

TEST_CASE("a select of a range that was moved in releases the range when it ends") {
    witness value, captured;
    std::optional<heddle::channel<shared>> c;
    end_each_way(
        [&](test::world& world, asio::cancellation_slot slot) {
            c.emplace();
            std::vector<heddle::arm> arms;
            arms.push_back(c->emplace(value.object));
            heddle::select(std::move(arms))(
                world.ctx,
                asio::bind_cancellation_slot(
                    slot, [k = captured.object](heddle::error_code, std::size_t) {}));
        },
        [&](test::world&, ending how) {
            std::optional<shared> v;
            if (how == ending::closed)
                c->close();
            else
                CHECK(c->try_receive(v) == heddle::try_status::done);
        },
        {&value, &captured});
}

TEST_CASE("the value of an aborted send may own the signal that aborts it, and may use "
          "the channel") {
    struct owner {
        explicit owner(heddle::channel<std::unique_ptr<owner>>& ch) : c(ch) {}
        ~owner() {
            std::optional<std::unique_ptr<owner>> v;
            (void)c.try_receive(v);
            stop.emit(asio::cancellation_type::terminal);
        }
        heddle::channel<std::unique_ptr<owner>>& c;
        asio::cancellation_signal stop;
    };
    test::world world;
    heddle::channel<std::unique_ptr<owner>> c;
    auto made = std::make_unique<owner>(c);
    auto& stop = made->stop;
    int called = 0;
    c.async_send(world.ctx, std::move(made),
                 asio::bind_cancellation_slot(stop.slot(),
                                              [&](heddle::error_code) { ++called; }));
    world.settle();
    c.close();
    world.settle();
    CHECK(called == 1);
}

TEST_CASE("bind_done: an operation that has ended leaves neither its token nor its "
          "canceller's state in its cancellation slot") {
    enum { completed, chained, by_token, inside_cancellation, dropped };
    for (int how : {completed, chained, by_token, inside_cancellation, dropped}) {
        CAPTURE(how);
        test::world world;
        witness cause, captured, canceller;
        asio::cancellation_signal user;
        keeping op;
        {
            heddle::done_source stop;
            op.start(
                canceller.object,
                heddle::bind_done(
                    stop.token(),
                    asio::bind_cancellation_slot(
                        user.slot(), asio::bind_executor(world.ctx.get_executor(),
                                                         [k = captured.object](
                                                             heddle::error_code) {}))));
            CHECK(canceller.held() == 1);
            if (how == inside_cancellation)
                op.complete_inside_cancellation();
            if (how == chained || how == inside_cancellation)
                user.emit(asio::cancellation_type::terminal);
            if (how == by_token)
                stop.close(std::make_exception_ptr(caused(cause.object)));
            world.settle();
            if (how == dropped)
                op.drop();
            else if (how != inside_cancellation)
                op.complete();
            world.settle();
            if (how != dropped)
                CHECK(canceller.held() == 0);
            CHECK(captured.held() == 0);
            stop.close(std::make_exception_ptr(caused(cause.object)));
        }
        CHECK(cause.held() == 0);
    }
}

TEST_CASE("bind_done: the strand of an operation that has ended is released") {
    test::world world;
    asio::cancellation_signal user;
    heddle::channel<int> c;
    heddle::done_source stop;
    auto strand = asio::make_strand(world.ctx);
    witness in_strand;
    c.async_receive(heddle::bind_done(
        stop.token(),
        asio::bind_cancellation_slot(
            user.slot(), asio::bind_executor(
                             strand, [k = in_strand.object](heddle::error_code,
                                                            std::optional<int>) {}))));
    stop.close();
    world.settle();
    CHECK(in_strand.held() == 0);
}

TEST_CASE("use_task: an operation that has ended leaves nothing in the cancellation "
          "slot of its task") {
    test::world world;
    witness first, second;
    keeping op;
    heddle::channel<> go_on;
    auto h = world.go([&]() -> task<> {
        co_await op.start(first.object, use_task);
        co_await go_on.receive();
        try {
            co_await op.start(second.object, use_task);
        } catch (const heddle::cancelled&) {
        }
        co_await heddle::shield(
            [](heddle::channel<> c) -> task<> { co_await c.receive(); }(go_on));
    });
    world.settle();
    CHECK(first.held() == 1);
    op.complete();
    world.settle();
    CHECK(first.held() == 0);
    (void)go_on.try_send();
    world.settle();
    h.cancel();
    world.settle();
    op.complete(asio::error::operation_aborted);
    world.settle();
    CHECK(second.held() == 0);
    CHECK(world.live() == 1);
    (void)go_on.try_send();
    world.settle();
}

TEST_CASE("inflight: an operation that has ended keeps nothing alive, whether its "
          "result was taken or not") {
    enum { completed, stopped, inside_cancellation, dropped };
    for (int how : {completed, stopped, inside_cancellation, dropped}) {
        CAPTURE(how);
        test::world world;
        witness canceller;
        keeping op;
        heddle::channel<> go_on;
        world.go([&]() -> task<> {
            heddle::inflight flying(op.start(canceller.object, use_task));
            co_await go_on.receive();
            if (how == stopped || how == inside_cancellation)
                co_await flying.stop();
            co_await go_on.receive();
        });
        world.settle();
        CHECK(canceller.held() == 1);
        if (how == inside_cancellation)
            op.complete_inside_cancellation();
        (void)go_on.try_send();
        world.settle();
        if (how == dropped)
            op.drop();
        else if (how != inside_cancellation)
            op.complete();
        world.settle();
        if (how != dropped)
            CHECK(canceller.held() == 0);
        CHECK(world.live() == 1);
        (void)go_on.try_send();
        world.settle();
    }
}

TEST_CASE("a task that has ended keeps its result only for its handle") {
    enum { dropped_before, dropped_after, joined, failed_and_joined };
    for (int how : {dropped_before, dropped_after, joined, failed_and_joined}) {
        CAPTURE(how);
        test::world world;
        witness result, argument;
        heddle::done_token token;  // this token refers to the block of the task
        auto h = world.go(
            [&](shared) -> task<shared> {
                token = heddle::this_task::done();
                co_await heddle::yield();
                if (how == failed_and_joined)
                    throw caused(result.object);
                co_return result.object;
            },
            argument.object);
        if (how == dropped_before)
            h = {};
        world.settle();
        CHECK(argument.held() == 0);
        CHECK(result.held() == (how == dropped_before ? 0 : 1));
        if (how == dropped_after)
            h = {};
        if (how == joined || how == failed_and_joined) {
            world.go([&]() -> task<> {
                try {
                    (void)co_await h;
                } catch (const caused&) {
                }
            });
            world.settle();
        }
        CHECK(result.held() == 0);
    }
}

TEST_CASE("a selector keeps nothing of an arm that was removed or replaced") {
    test::world world;
    witness value;
    heddle::channel<shared> c;
    heddle::selector set;
    std::size_t i = set.add(c.emplace(value.object));
    CHECK(value.held() == 1);
    set.remove(i);
    CHECK(value.held() == 0);
    i = set.add(c.emplace(value.object));
    set.replace(i, c.receive(std::ignore));
    CHECK(value.held() == 0);
}

TEST_SUITE_END();
