// SPDX-License-Identifier: BSL-1.0
// How often a value is moved on its way through a channel, for each form: the numbers
// that channel.hpp promises.
#include <heddle/heddle.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/bind_executor.hpp>

#include <functional>
#include <optional>
#include <ostream>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

TEST_SUITE_BEGIN("channel.moves");

using heddle::task;
using test::world;

namespace {

struct count {
    int copies = 0, moves = 0, assigned = 0;
    friend bool operator==(const count&, const count&) = default;
    friend std::ostream& operator<<(std::ostream& to, const count& c) {
        return to << c.copies << " copies, " << c.moves << " moves, " << c.assigned
                  << " assignments";
    }
};
count so_far;

/// Counts its copies, moves and assignments. Its assignment may be noexcept or not.
template <bool assigns_quietly>
class parcel {
public:
    explicit parcel(int n = 0) noexcept : n_(n) {}
    parcel(const parcel& o) : n_(o.n_) { ++so_far.copies; }
    parcel(parcel&& o) noexcept : n_(std::exchange(o.n_, -1)) { ++so_far.moves; }
    parcel& operator=(const parcel&) = delete;
    parcel& operator=(parcel&& o) noexcept(assigns_quietly) {
        n_ = std::exchange(o.n_, -1);
        ++so_far.assigned;
        return *this;
    }
    ~parcel() = default;
    int value() const noexcept { return n_; }

private:
    int n_;
};

using quiet = parcel<true>;
using loud = parcel<false>;

/// Returns how much `f` adds to the counts.
template <class F>
count during(F f) {
    so_far = {};
    f();
    return so_far;
}

// -- the forms ----------------------------------------------------------------------

template <class T>
using sends = task<> (*)(heddle::channel<T>, T*);
template <class T>
using receives = task<> (*)(heddle::channel<T>, T*);

template <class T>
task<> send_rvalue(heddle::channel<T> c, T* v) {
    co_await c.send(std::move(*v));
}
template <class T>
task<> send_lvalue(heddle::channel<T> c, T* v) {
    co_await c.send(*v);
}
template <class T>
task<> send_emplaced(heddle::channel<T> c, T*) {
    co_await c.emplace(1);
}
template <class T>
task<> select_rvalue(heddle::channel<T> c, T* v) {
    co_await heddle::select(c.send(std::move(*v)));
}
template <class T>
task<> select_emplaced(heddle::channel<T> c, T*) {
    co_await heddle::select(c.emplace(1));
}
template <class T>
task<> selector_rvalue(heddle::channel<T> c, T* v) {
    heddle::selector all;
    all.add(c.send(std::ref(*v)));
    co_await all.next();
}
template <class T>
task<> selector_emplaced(heddle::channel<T> c, T*) {
    heddle::selector all;
    all.add(c.emplace(1));
    co_await all.next();
}
template <class T>
task<> erased_rvalue(heddle::channel<T> c, T* v) {
    std::vector<heddle::arm> arms;
    arms.emplace_back(c.send(std::ref(*v)));
    co_await heddle::select(arms);
}
template <class T>
task<> async_send(heddle::channel<T> c, T* v) {
    c.async_send(heddle::this_task::executor(), std::move(*v),
                 [](heddle::error_code) {});
    co_return;
}
template <class T>
task<> send_called(heddle::channel<T> c, T* v) {  // with a completion token
    c.send(std::move(*v))(
        asio::bind_executor(heddle::this_task::executor(), [](heddle::error_code) {}));
    co_await heddle::yield();
    co_await heddle::yield();
}

template <class T>
task<> receive_value(heddle::channel<T> c, T*) {
    auto v = co_await c.receive();
    CHECK(v->value() == 1);
}
template <class T>
task<> receive_optional(heddle::channel<T> c, T*) {
    std::optional<T> v;
    co_await c.receive(v);
    CHECK(v->value() == 1);
}
template <class T>
task<> receive_into(heddle::channel<T> c, T* to) {
    co_await c.receive(*to);
    CHECK(to->value() == 1);
}
template <class T>
task<> receive_selected(heddle::channel<T> c, T*) {
    std::optional<T> v;
    co_await heddle::select(c.receive(v));
    CHECK(v->value() == 1);
}
template <class T>
task<> receive_kept(heddle::channel<T> c, T*) {  // in a selector
    std::optional<T> v;
    heddle::selector all;
    all.add(c.receive(v));
    co_await all.next();
    CHECK(v->value() == 1);
}
template <class T>
task<> receive_erased(heddle::channel<T> c, T*) {
    std::optional<T> v;
    std::vector<heddle::arm> arms;
    arms.emplace_back(c.receive(v));
    co_await heddle::select(arms);
    CHECK(v->value() == 1);
}
enum class order { buffered, sender_first, receiver_first };

template <class T>
count way(order o, sends<T> send, receives<T> receive) {
    world w;
    heddle::channel<T> c(o == order::buffered ? 1 : 0);
    T from(1), to(0);
    return during([&] {
        if (o == order::receiver_first)
            w.go(receive(c, &to));
        w.settle();
        w.go(send(c, &from));
        w.settle();
        if (o != order::receiver_first)
            w.go(receive(c, &to));
        w.settle();
        CHECK(w.live() == 0);
    });
}

/// Checks the way through the buffer, from a sender that waits, and to a receiver that
/// waits.
template <class T>
void check(const char* form, sends<T> send, receives<T> receive, count buffered,
           count by_hand) {
    CAPTURE(form);
    CHECK(way<T>(order::buffered, send, receive) == buffered);
    CHECK(way<T>(order::sender_first, send, receive) == by_hand);
    CHECK(way<T>(order::receiver_first, send, receive) == by_hand);
}

template <class T>
void check_receives() {
    auto send = send_rvalue<T>;
    check<T>("receive()", send, receive_value, {0, 3, 0}, {0, 2, 0});
    check<T>("receive(optional)", send, receive_optional, {0, 3, 0}, {0, 2, 0});
    check<T>("receive(T&)", send, receive_into, {0, 2, 1}, {0, 1, 1});
    check<T>("select", send, receive_selected, {0, 3, 0}, {0, 2, 0});
    check<T>("selector", send, receive_kept, {0, 3, 0}, {0, 2, 0});
    check<T>("arm", send, receive_erased, {0, 3, 0}, {0, 2, 0});
}

template <class T>
void check_sends() {
    auto to = receive_optional<T>;
    check<T>("send(T&&)", send_rvalue, to, {0, 3, 0}, {0, 2, 0});
    check<T>("send(const T&)", send_lvalue, to, {1, 3, 0}, {1, 2, 0});
    check<T>("emplace", send_emplaced, to, {0, 3, 0}, {0, 2, 0});
    check<T>("select, T&&", select_rvalue, to, {0, 3, 0}, {0, 2, 0});
    check<T>("select, emplace", select_emplaced, to, {0, 4, 0}, {0, 3, 0});
    check<T>("selector, T&&", selector_rvalue, to, {0, 3, 0}, {0, 2, 0});
    check<T>("selector, emplace", selector_emplaced, to, {0, 4, 0}, {0, 3, 0});
    check<T>("arm, T&&", erased_rvalue, to, {0, 3, 0}, {0, 2, 0});
    check<T>("async_send", async_send, to, {0, 6, 0}, {0, 5, 0});
    check<T>("send(T&&)(token)", send_called, to, {0, 5, 0}, {0, 4, 0});
}

template <class T>
void check_attempts() {
    heddle::channel<T> c(1);
    T from(1), to(0);
    std::optional<T> empty, full(std::in_place);
    auto put = [&] { CHECK(c.try_send(std::move(from)) == heddle::try_status::done); };
    CHECK(during(put) == count{0, 1, 0});
    CHECK(during([&] { (void)c.try_send(std::move(to)); }) == count{});  // no room
    CHECK(during([&] { (void)c.try_receive(empty); }) == count{0, 1, 0});
    CHECK(empty->value() == 1);
    CHECK(during([&] { (void)c.try_receive(full); }) == count{});  // no value
    CHECK(during([&] { (void)c.try_send(*empty); }) == count{1, 1, 0});
    CHECK(during([&] { (void)c.try_receive(full); }) == count{0, 2, 0});
    CHECK(full->value() == 1);
    put();
    CHECK(during([&] { (void)c.try_receive(to); }) == count{0, 1, 1});
    CHECK(during([&] { c.send_blocking(std::move(to)); }) == count{0, 1, 0});
    CHECK(during([&] { (void)c.receive_blocking(); }) == count{0, 2, 0});
}

}  // namespace

TEST_CASE("a receive moves its value twice, into a T or an optional") {
    check_receives<quiet>();
    check_receives<loud>();
}

TEST_CASE(
    "a send moves its value once, and once more if it stores the value for later") {
    check_sends<quiet>();
    check_sends<loud>();
}

TEST_CASE("try_ operations move a value no more often than they must") {
    check_attempts<quiet>();
    check_attempts<loud>();
}

TEST_CASE("an assignment that throws loses its own value, and no other") {
    struct thrower {
        explicit thrower(int v) noexcept : n(v) {}
        thrower(thrower&&) noexcept = default;
        thrower& operator=(thrower&&) { throw 7; }
        int n;
    };
    world w;
    heddle::channel<thrower> c(2);
    auto before = heddle::detail::undelivered();
    w.go([](heddle::channel<thrower> of) -> task<> {
        co_await of.emplace(1);
        co_await of.emplace(2);
        thrower to(0);
        CHECK_THROWS_AS(co_await of.receive(to), int);
        CHECK(to.n == 0);
        CHECK_THROWS_AS((void)of.try_receive(to), int);
    }(c));
    w.settle();
    CHECK(c.size() == 0);
    CHECK(w.live() == 0);
    CHECK(heddle::detail::undelivered() == before);
}

TEST_SUITE_END();
