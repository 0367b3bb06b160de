// SPDX-License-Identifier: BSL-1.0
// The promises of a channel beyond the laws (proof/laws/channel_data_test.cpp,
// proof/laws/close_test.cpp): handles, nil, names, the forms of send and receive.
// channel_types_test.cpp tests the types that it carries.
#include <heddle/channel.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <tuple>
#include <type_traits>

namespace {

using heddle::try_status;
using test::tracked;

template <class T>
heddle::task<> send_one(heddle::sender<T> out, T value, test::trace& trace,
                        std::string name) {
    try {
        co_await out.send(std::move(value));
        trace(name + " sent");
    } catch (const heddle::channel_closed& e) {
        trace(name + ": " + e.what());
    } catch (const heddle::cancelled&) {
        trace(name + " cancelled");
    }
}

heddle::task<> receive_one(heddle::receiver<int> in, test::trace& trace,
                           std::string name) {
    try {
        auto v = co_await in.receive();
        trace(name + (v ? " got " + std::to_string(*v) : " got nothing"));
    } catch (const heddle::cancelled&) {
        trace(name + " cancelled");
    }
}

/// Returns the message of the exception that a call throws.
template <class E, class F>
std::string message(F f) {
    try {
        f();
    } catch (const E& e) {
        return e.what();
    }
    return "nothing thrown";
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// With a sanitizer, operator new aborts instead of throwing.
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_SUITE_BEGIN("channel");

// -- handles ------------------------------------------------------------------------

TEST_CASE("a copy of a handle is the same channel; another channel is not") {
    heddle::channel<int> a(1), b(1);
    heddle::channel<int> copy = a;
    heddle::sender<int> s = a;
    heddle::receiver<int> r = a;
    CHECK(copy == a);
    CHECK(a != b);
    CHECK(s == heddle::sender<int>(copy));
    CHECK(s != heddle::sender<int>(b));
    CHECK(r == heddle::receiver<int>(copy));
    CHECK(r != heddle::receiver<int>(b));
    CHECK(s.try_send(5) == try_status::done);
    std::optional<int> v;
    CHECK(copy.try_receive(v) == try_status::done);
    CHECK(v == 5);
}

TEST_CASE("printing a channel prints its identity, and receives nothing") {
    auto printed = [](const auto& c) {
        std::ostringstream to;
        to << c;
        return to.str();
    };
    heddle::channel<std::string> a(1), b(1);
    CHECK(a.try_send("contents") == try_status::done);
    CHECK(printed(a).rfind("channel@0x", 0) == 0);
    CHECK(printed(a) == printed(heddle::sender<std::string>(a)));
    CHECK(printed(a) == printed(heddle::receiver<std::string>(a)));
    CHECK(printed(a) != printed(b));
    CHECK(printed(heddle::channel<>(nullptr)) == "channel@nil");
    CHECK(a.size() == 1);
}

TEST_CASE("a default-constructed channel is live and unbuffered; a default-constructed "
          "end is nil") {
    heddle::channel<int> c;
    CHECK(c != nullptr);
    CHECK(c.capacity() == 0);
    CHECK(heddle::sender<int>() == nullptr);
    CHECK(heddle::receiver<int>() == nullptr);
}

TEST_CASE("capacity 0 of any type makes an unbuffered channel, nullptr a nil one") {
    heddle::channel<int> zero(0), wide(0ull), narrow(std::int8_t{0});
    heddle::channel<int> nil(nullptr);
    for (const auto& c : {zero, wide, narrow}) {
        CHECK(c != nullptr);
        CHECK(c.capacity() == 0);
    }
    CHECK(nil == nullptr);
    CHECK(nil == heddle::channel<int>(nullptr));
}

TEST_CASE("a handle that was moved from, or assigned nullptr, is nil") {
    heddle::channel<int> a(1), keep = a;
    heddle::channel<int> b = std::move(a);
    CHECK(a == nullptr);
    CHECK(b == keep);
    a = std::move(b);
    CHECK(b == nullptr);
    CHECK(a == keep);
    a = nullptr;
    CHECK(a == nullptr);
    CHECK(keep.try_send(1) == try_status::done);

    heddle::sender<int> s = keep, s2 = std::move(s);
    heddle::receiver<int> r = keep, r2 = std::move(r);
    CHECK(s == nullptr);
    CHECK(r == nullptr);
    CHECK(s2 == heddle::sender<int>(keep));
    s2 = nullptr;
    r2 = nullptr;
    CHECK(s2 == nullptr);
    CHECK(r2 == nullptr);
}

TEST_CASE("assigning a handle to itself changes nothing") {
    heddle::channel<int> a(1);
    auto& same = a;
    a = same;
    CHECK(a.try_send(1) == try_status::done);
    CHECK(a.size() == 1);
}

TEST_CASE("dropping handles closes nothing") {
    test::world world;
    test::trace trace;
    heddle::receiver<int> r;
    {
        heddle::channel<int> c(1);
        r = c;
        CHECK(c.try_send(3) == try_status::done);
    }
    CHECK_FALSE(r.closed());
    CHECK(r.size() == 1);
    world.go(receive_one(r, trace, "first"));
    world.go(receive_one(r, trace, "second"));
    world.settle();
    CHECK(trace.take() == test::lines{"first got 3"});
    // No sender is left, and yet the receiver does not get "closed".
    CHECK(world.live() == 1);
}

TEST_CASE("operations are const, so a handle that is captured by copy can be used") {
    const heddle::channel<int> c(1);
    auto put = [=](int n) { return c.try_send(n); };
    CHECK(put(1) == try_status::done);
    CHECK(put(2) == try_status::would_block);
    static_assert(noexcept(c.try_close()));
    CHECK(c.try_close());
}

TEST_CASE("each end has its own operations, and those that both have") {
    using S = heddle::sender<int>;
    using R = heddle::receiver<int>;
    static_assert(std::is_convertible_v<heddle::channel<int>, S>);
    static_assert(std::is_convertible_v<heddle::channel<int>, R>);
    static_assert(!std::is_convertible_v<S, heddle::channel<int>>);
    static_assert(!std::is_convertible_v<R, heddle::channel<int>>);
    static_assert(!std::is_convertible_v<S, R> && !std::is_convertible_v<R, S>);
    heddle::channel<int> c(4);
    S s = c;
    R r = c;
    CHECK(s.try_send(1) == try_status::done);
    CHECK(s.size() == 1);
    CHECK(r.size() == 1);
    CHECK(s.capacity() == 4);
    CHECK(r.capacity() == 4);
    r.name("jobs");
    s.close();
    CHECK(r.closed());
    CHECK_FALSE(s.try_close());
    CHECK(message<heddle::channel_closed>([&] { s.close(); }).find("jobs") !=
          std::string::npos);
}

// -- nil ----------------------------------------------------------------------------

TEST_CASE(
    "on a nil channel every wait lasts for ever, and try_ operations would block") {
    test::world world;
    test::trace trace;
    heddle::channel<int> nil(nullptr);
    world.go(send_one<int>(nil, 1, trace, "sender"));
    world.go(receive_one(nil, trace, "receiver"));
    auto cancel_me = world.go(receive_one(nil, trace, "third"));
    world.settle();
    CHECK(trace.take().empty());
    CHECK(world.live() == 3);
    std::optional<int> v = 7;
    int n = 7;
    CHECK(nil.try_send(1) == try_status::would_block);
    CHECK(nil.try_receive(v) == try_status::would_block);
    CHECK(nil.try_receive(n) == try_status::would_block);
    CHECK(v == 7);
    CHECK(n == 7);
    cancel_me.cancel();
    world.settle();
    CHECK(trace.take() == test::lines{"third cancelled"});
}

TEST_CASE("a nil channel has size and capacity 0, is never closed, and takes no name") {
    heddle::channel<int> nil(nullptr);
    nil.name("nothing");
    CHECK(nil.size() == 0);
    CHECK(nil.capacity() == 0);
    CHECK_FALSE(nil.closed());
    CHECK_FALSE(nil.try_close());
    CHECK(message<heddle::channel_closed>([&] { nil.close(); }) ==
          "heddle: close of a nil channel: this handle was moved from, or made without "
          "a channel");
}

// -- names and messages -------------------------------------------------------------

TEST_CASE("messages contain the name of the channel") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c(1), d;
    c.name("jobs");
    c.close();
    d.close();
    CHECK(message<heddle::channel_closed>([&] { c.close(); }) ==
          "heddle: close of a closed channel: `jobs`");
    CHECK(message<heddle::channel_closed>([&] { d.close(); }) ==
          "heddle: close of a closed channel: an unnamed channel");
    c.name("old jobs");  // the last name counts
    world.go(send_one<int>(c, 1, trace, "sender"));
    world.settle();
    CHECK(trace.take() ==
          test::lines{"sender: heddle: send on a closed channel: `old jobs`"});
    static_assert(std::is_base_of_v<std::logic_error, heddle::channel_closed>);
}

// -- capacity -----------------------------------------------------------------------

TEST_CASE("a capacity that is too large is a length_error") {
    constexpr auto huge = std::numeric_limits<std::size_t>::max();
    const std::string what = "heddle: a channel of this capacity cannot be had: it "
                             "must be 0 or more, and its "
                             "values must fit into memory";
    auto of = [](auto n) {
        return message<std::length_error>([n] { heddle::channel<std::string> c(n); });
    };
    CHECK(of(-1) == what);
    CHECK(of(std::numeric_limits<std::int64_t>::min()) == what);
    CHECK(of(huge) == what);
    CHECK(of(huge / sizeof(std::string)) == what);
    // The product wraps to a small number.
    CHECK(of(huge / sizeof(std::string) + 2) == what);
    CHECK(message<std::length_error>([] { heddle::channel<char> c(huge / 2); }) ==
          what);
    if (!sanitized && huge > 0xffff'ffff)  // a process of 32 bits may have as much
        CHECK(message<std::length_error>([] { heddle::channel<char> c(huge / 4); }) ==
              what);
}

// -- send ---------------------------------------------------------------------------

TEST_CASE("send of an lvalue copies it when it is called") {
    test::world world;
    heddle::channel<std::string> c(1);
    world.go([](heddle::channel<std::string> ch) -> heddle::task<> {
        std::string word = "before";
        auto op = ch.send(std::as_const(word));
        word = "after";
        co_await op;
        CHECK(word == "after");
    }(c));
    world.settle();
    std::optional<std::string> got;
    CHECK(c.try_receive(got) == try_status::done);
    CHECK(got == "before");
}

TEST_CASE("send of an rvalue moves from it when the send happens, and not before") {
    test::world world;
    test::trace trace;
    heddle::channel<std::unique_ptr<int>> c;
    world.go([](heddle::channel<std::unique_ptr<int>> ch,
                test::trace& tr) -> heddle::task<> {
        auto mine = std::make_unique<int>(4);
        auto op = ch.send(std::move(mine));
        tr(mine ? "mine" : "gone");
        co_await std::move(op);
        tr(mine ? "mine" : "gone");
    }(c, trace));
    world.settle();
    CHECK(trace.take() == test::lines{"mine"});
    std::optional<std::unique_ptr<int>> got;
    CHECK(c.try_receive(got) == try_status::done);
    CHECK(**got == 4);
    world.settle();
    CHECK(trace.take() == test::lines{"gone"});
}

TEST_CASE("a send that is kept may refer to its value by std::ref") {
    test::world world;
    heddle::channel<std::unique_ptr<int>> c;
    world.go([](heddle::channel<std::unique_ptr<int>> ch) -> heddle::task<> {
        auto mine = std::make_unique<int>(4);
        auto op = ch.send(std::ref(mine));
        CHECK(mine);
        CHECK(co_await heddle::select(op, heddle::this_task::done()) == 0);
        CHECK_FALSE(mine);
    }(c));
    world.settle();
    std::unique_ptr<int> got;
    CHECK(c.try_receive(got) == try_status::done);
    CHECK(*got == 4);
    world.settle();
}

TEST_CASE("a receive into std::ignore takes a value and drops it") {
    heddle::channel<int> c(2);
    heddle::run([](heddle::channel<int> ch) -> heddle::task<> {
        co_await ch.send(1);
        co_await ch.send(2);
        CHECK(co_await heddle::select(ch.receive(std::ignore)) == 0);
        CHECK(co_await ch.receive() == 2);
    }(c));
}

TEST_CASE("a small trivially copyable rvalue is copied, so its send may outlive it") {
    test::world world;
    heddle::channel<int> c(1);
    world.go([](heddle::channel<int> ch) -> heddle::task<> {
        auto op = ch.send(20 + 1);  // the temporary is destroyed after this line
        co_await op;
    }(c));
    world.settle();
    int n = 0;
    CHECK(c.try_receive(n) == try_status::done);
    CHECK(n == 21);
}

struct pair_of_strings {  // an aggregate
    std::string key, value;
};

TEST_CASE("emplace constructs the value inside the operation, also an aggregate") {
    test::world world;
    heddle::channel<pair_of_strings> c(1);
    world.go([](heddle::channel<pair_of_strings> ch) -> heddle::task<> {
        co_await ch.emplace("a key that is not short", "a value that is not short");
    }(c));
    world.settle();
    std::optional<pair_of_strings> got;
    CHECK(c.try_receive(got) == try_status::done);
    CHECK(got->key == "a key that is not short");
    CHECK(got->value == "a value that is not short");
}

TEST_CASE("an emplaced value that is refused is destroyed with the operation") {
    test::world world;
    heddle::channel<tracked> c;
    c.close();
    int alive = tracked::alive();
    world.go([](heddle::channel<tracked> ch) -> heddle::task<> {
        CHECK_THROWS_AS(co_await ch.emplace(1), heddle::channel_closed);
    }(c));
    world.settle();
    CHECK(tracked::alive() == alive);
}

TEST_CASE("a channel without a value type carries signals") {
    test::world world;
    heddle::channel<> c(1);
    CHECK(c.try_send() == try_status::done);
    CHECK(c.try_send() == try_status::would_block);
    world.go([](heddle::channel<> ch) -> heddle::task<> {
        co_await ch.send();
        ch.close();
    }(c));
    world.settle();
    CHECK(c.size() == 1);
    auto got = world.go([](heddle::receiver<> in) -> heddle::task<int> {
        int n = 0;
        while (co_await in.receive())
            ++n;
        co_return n;
    }(c));
    world.settle();
    world.go([](heddle::join_handle<int> h) -> heddle::task<> {
        CHECK(co_await h == 2);
    }(std::move(got)));
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("try_send moves only if it is done, and copies an lvalue") {
    heddle::channel<std::string> c(1);
    std::string a(40, 'a'), b(40, 'b');
    CHECK(c.try_send(a) == try_status::done);
    CHECK(a.size() == 40);
    CHECK(c.try_send(std::move(b)) == try_status::would_block);
    CHECK(b.size() == 40);
    c.close();
    CHECK(c.try_send(std::move(b)) == try_status::closed);
    CHECK(b.size() == 40);
}

// -- receive ------------------------------------------------------------------------

TEST_CASE("receive has three forms: it returns an optional, or writes to an optional "
          "or a T") {
    test::world world;
    heddle::channel<int> c(3);
    for (int i : {1, 2, 3})
        CHECK(c.try_send(i) == try_status::done);
    c.close();
    world.go([](heddle::receiver<int> in) -> heddle::task<> {
        std::optional<int> v = 9;
        int n = 9;
        std::same_as<std::optional<int>> auto first = co_await in.receive();
        CHECK(first == 1);
        std::same_as<bool> auto more = co_await in.receive(v);
        CHECK(more);
        CHECK(v == 2);
        std::same_as<bool> auto again = co_await in.receive(n);
        CHECK(again);
        CHECK(n == 3);
        CHECK(co_await in.receive() == std::nullopt);
        CHECK_FALSE(co_await in.receive(v));
        CHECK(v == std::nullopt);  // emptied
        CHECK_FALSE(co_await in.receive(n));
        CHECK(n == 3);  // unchanged
    }(c));
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("try_receive leaves its argument unchanged unless it is done") {
    heddle::channel<int> c(1);
    std::optional<int> v = 7;
    int n = 7;
    CHECK(c.try_receive(v) == try_status::would_block);
    CHECK(c.try_receive(n) == try_status::would_block);
    c.close();
    CHECK(c.try_receive(v) == try_status::closed);
    CHECK(c.try_receive(n) == try_status::closed);
    CHECK(v == 7);
    CHECK(n == 7);
}

TEST_CASE("a closed channel still reports the size of its buffer") {
    heddle::channel<int> c(2);
    CHECK(c.try_send(1) == try_status::done);
    c.close();
    CHECK(c.closed());
    CHECK(c.size() == 1);
    CHECK(c.capacity() == 2);
}

// -- waking and cancelling ----------------------------------------------------------

TEST_CASE("waiters resume in order of arrival, never inside the call that woke them") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    world.go(receive_one(c, trace, "ann"));
    world.go(receive_one(c, trace, "bob"));
    world.go(receive_one(c, trace, "eve"));
    world.settle();
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::done);
    CHECK(trace.take().empty());
    c.close();
    CHECK(trace.take().empty());
    world.settle();
    CHECK(trace.take() == test::lines{"ann got 1", "bob got 2", "eve got nothing"});
}

TEST_CASE("a waiter resumes on its own host") {
    test::world here, there;
    test::trace trace;
    heddle::channel<int> c;
    there.go(receive_one(c, trace, "there"));
    there.settle();
    here.go(send_one<int>(c, 1, trace, "here"));
    here.settle();
    CHECK(trace.take() == test::lines{"here sent"});
    there.settle();
    CHECK(trace.take() == test::lines{"there got 1"});
}

TEST_CASE("a cancelled wait leaves no trace in the channel") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    auto first = world.go(receive_one(c, trace, "first"));
    world.go(receive_one(c, trace, "second"));
    world.settle();
    first.cancel();
    // The first is out, though it did not run.
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == test::lines{"first cancelled", "second got 1"});

    auto sender = world.go(send_one<int>(c, 3, trace, "sender"));
    world.settle();
    sender.cancel();
    int n = 0;
    CHECK(c.try_receive(n) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == test::lines{"sender cancelled"});
}

TEST_CASE(
    "a value whose receiver was destroyed meanwhile is destroyed once, and counted") {
    auto before = heddle::detail::undelivered();
    int alive = tracked::alive();
    heddle::channel<tracked> c;
    {
        test::world world;
        world.go([](heddle::receiver<tracked> in) -> heddle::task<> {
            auto v = co_await in.receive();
            FAIL("must not run");
        }(c));
        world.settle();
        CHECK(c.try_send(tracked(1)) == try_status::done);
        CHECK(tracked::alive() == alive + 1);
    }
    CHECK(tracked::alive() == alive);
    CHECK(heddle::detail::undelivered() == before + 1);
}

TEST_CASE("a value that was received and dropped does not count as undelivered") {
    auto before = heddle::detail::undelivered();
    test::world world;
    heddle::channel<tracked> c(4);
    for (int i = 0; i < 4; ++i)
        CHECK(c.try_send(tracked(i)) == try_status::done);
    world.go([](heddle::receiver<tracked> in) -> heddle::task<> {
        std::optional<tracked> v;
        tracked t;
        co_await in.receive();
        co_await in.receive(v);
        co_await in.receive(t);
        co_await heddle::select(in.receive(std::ignore));
    }(c));
    world.settle();
    CHECK(c.size() == 0);
    CHECK(heddle::detail::undelivered() == before);
}

TEST_CASE(
    "a value received at the end of the budget is counted if its task never goes on") {
    constexpr std::size_t all = 10000;
    auto before = heddle::detail::undelivered();
    heddle::channel<int> c(all);
    while (c.try_send(1) == try_status::done) {
    }
    std::size_t taken = 0;
    {
        asio::io_context ctx;
        auto take = [](heddle::receiver<int> in, std::size_t* n) -> heddle::task<> {
            for (;;) {
                auto v = co_await in.receive();
                *n += v.has_value();
            }
        };
        heddle::go(ctx, take, c, &taken);
        ctx.run_one();
    }
    CHECK(heddle::detail::undelivered() == before + 1);
    CHECK(taken + 1 + c.size() == all);
}

TEST_SUITE_END();
