// SPDX-License-Identifier: BSL-1.0
// The promises of a watch.
#include <heddle/watch.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using heddle::task;
using heddle::watch;
using heddle::watcher;
using std::ref;
using test::lines;
using test::trace;
using test::world;

task<> follow(watcher<int> in, trace& t, std::string name) {
    while (auto v = co_await in.next())
        t(name + " " + std::to_string(*v));
    t(name + " ends");
}

task<> changed(watcher<int>& in, trace& t) {
    try {
        bool news = co_await in.changed();
        t(news ? "news" : "closed");
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

task<> changed_or(watcher<int>& in, heddle::event& other, trace& t) {
    t(co_await heddle::select(in.changed(), other.wait()) == 0 ? "changed" : "other");
}

task<> wait_for_ten(watcher<int> in, trace& t) {
    auto v = co_await in.wait_for([](int n) { return n >= 10; });
    t(v ? std::to_string(*v) : "closed");
}

}  // namespace

TEST_SUITE_BEGIN("watch");

TEST_CASE("watchers see the current value first, and then each that they are quick "
          "enough for") {
    world w;
    trace t;
    watch<int> v(1);
    w.go(follow, v.subscribe(), ref(t), "ann");
    w.go(follow, v.subscribe(), ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"ann 1", "bob 1"});
    v.set(2);
    v.set(3);
    CHECK(t.take().empty());  // nobody resumes inside set()
    w.settle();
    CHECK(t.take() == lines{"ann 3", "bob 3"});
    v.set(4);
    v.close();
    w.settle();
    CHECK(t.take() == lines{"ann 4", "ann ends", "bob 4", "bob ends"});
}

TEST_CASE("the destructor closes, and a watcher still has the last value") {
    world w;
    trace t;
    std::optional<watcher<int>> late;
    {
        watch<int> v(1);
        late = v.subscribe();
        w.go(follow, v.subscribe(), ref(t), "ann");
        w.settle();
    }
    w.settle();
    CHECK(t.take() == lines{"ann 1", "ann ends"});
    CHECK(*late->get() == 1);
}

TEST_CASE("get() counts as seen") {
    world w;
    trace t;
    watch<int> v(1);
    auto in = v.subscribe();
    CHECK(in.has_changed());
    CHECK(*in.get() == 1);
    CHECK_FALSE(in.has_changed());
    w.go(changed, ref(in), ref(t));
    w.settle();
    CHECK(t.take().empty());
    v.set(2);
    w.settle();
    CHECK(t.take() == lines{"news"});
    CHECK_FALSE(in.has_changed());
    w.go(changed, ref(in), ref(t));
    w.settle();
    v.close();
    w.settle();
    CHECK(t.take() == lines{"closed"});
}

TEST_CASE("a changed() that is cancelled, or loses its select, has seen nothing") {
    world w;
    trace t;
    watch<int> v(1);
    auto in = v.subscribe();
    (void)in.get();
    heddle::event other;
    SUBCASE("loses") {
        w.go(changed_or, ref(in), ref(other), ref(t));
        w.settle();
        other.set();
        v.set(2);
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    SUBCASE("cancelled") {
        auto h = w.go(changed, ref(in), ref(t));
        w.settle();
        h.cancel();
        v.set(2);
        w.settle();
        CHECK(t.take() == lines{"cancelled: closed"});
    }
    CHECK(in.has_changed());
    heddle::event never;
    w.go(changed_or, ref(in), ref(never), ref(t));
    w.settle();
    CHECK(t.take() == lines{"changed"});
    CHECK_FALSE(in.has_changed());
}

TEST_CASE("wait_for waits for a value of a kind, and sees the current one") {
    world w;
    trace t;
    watch<int> v(1);
    w.go(wait_for_ten, v.subscribe(), ref(t));
    w.settle();
    v.set(5);
    w.settle();
    CHECK(t.take().empty());
    v.set(12);
    w.settle();
    CHECK(t.take() == lines{"12"});
    w.go(wait_for_ten, v.subscribe(), ref(t));
    w.settle();
    CHECK(t.take() == lines{"12"});
    v.set(3);
    w.go(wait_for_ten, v.subscribe(), ref(t));
    w.settle();
    v.close();
    w.settle();
    CHECK(t.take() == lines{"closed"});
}

TEST_CASE("update replaces the value by what the function makes of it") {
    watch<int> v(1);
    v.update([](int n) { return n + 1; });
    CHECK(*v.get() == 2);
    int calls = 0;
    v.update([&](int n) {
        if (++calls == 1)
            v.set(100);  // another was quicker
        return n + 1;
    });
    CHECK(calls == 2);
    CHECK(*v.get() == 101);
    CHECK_THROWS_AS(v.update([](int) -> int { throw std::runtime_error("no"); }),
                    std::runtime_error);
    CHECK(*v.get() == 101);
}

TEST_CASE("a value lives while a pointer to it does") {
    watch<std::string> v("old");
    auto old = v.get();
    v.set("new");
    CHECK(*old == "old");
    CHECK(*v.get() == "new");
}

TEST_CASE("the old value is destroyed without the lock of the watch") {
    struct nosy {
        explicit nosy(std::optional<watch<nosy>>* w) : of(w) {}
        nosy(nosy&& o) noexcept : of(std::exchange(o.of, nullptr)) {}
        ~nosy() {
            if (of && *of)
                seen = (*of)->get() != nullptr;
        }
        std::optional<watch<nosy>>* of;
        bool seen = false;
    };
    std::optional<watch<nosy>> v;
    v.emplace(nosy(nullptr));
    v->set(nosy(&v));
    v->set(nosy(nullptr));  // would hang
    CHECK(v->get() != nullptr);
}

TEST_CASE("a watcher that was moved from still watches") {
    watch<int> v(1);
    auto in = v.subscribe();
    auto moved = std::move(in);
    CHECK(*in.get() == 1);
    CHECK(*moved.get() == 1);
}

TEST_CASE("a closed watch takes no value") {
    watch<int> v(1);
    v.close();
    v.close();
    CHECK_THROWS_WITH_AS(v.set(2), doctest::Contains("closed"), std::logic_error);
    CHECK_THROWS_AS(v.update([](int n) { return n; }), std::logic_error);
    CHECK(*v.get() == 1);
}

TEST_CASE("a context may destroy the watch and its watchers in any order") {
    world w;
    w.go(
        [](std::unique_ptr<watch<int>> mine,
           heddle::channel<watcher<int>> to) -> task<> {
            co_await to.send(mine->subscribe());
            co_await heddle::event().wait();
        },
        std::make_unique<watch<int>>(1), heddle::channel<watcher<int>>(1));
    heddle::channel<watcher<int>> c;
    auto share = [](heddle::receiver<watcher<int>> from) -> task<> {
        auto in = co_await from.receive();
        for (bool more = true; more;)
            more = co_await in->changed();
    };
    w.go(share, c);
    w.go(
        [](heddle::sender<watcher<int>> to) -> task<> {
            watch<int> mine(1);
            co_await to.send(mine.subscribe());
            co_await heddle::event().wait();
        },
        c);
    w.settle();
    CHECK(w.live() == 3);
}

TEST_SUITE_END();
