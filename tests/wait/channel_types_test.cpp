// SPDX-License-Identifier: BSL-1.0
// The promises of a channel about the types that it carries. compile_fail/ tests the
// types that it refuses.
#include <heddle/channel.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <any>
#include <memory>
#include <variant>

namespace {

struct no_default {
    explicit no_default(int v) : n(v) {}
    int n;
};
struct copies_only {  // has no move constructor, so a "move" copies
    explicit copies_only(int v) : n(v) {}
    copies_only(const copies_only& o) noexcept : n(o.n) {}
    int n;
};
struct no_assignment {
    explicit no_assignment(int v) : n(v) {}
    no_assignment(no_assignment&&) = default;
    no_assignment& operator=(no_assignment&&) = delete;
    const int n;
};
struct odd_address {
    explicit odd_address(int v) : n(v) {}
    odd_address* operator&() { return nullptr; }
    int n;
};
struct big {
    explicit big(int v) : n(v) {}
    char space[5000] = {};
    int n;
};

template <class T>
heddle::task<> send_two(heddle::sender<T> out, T (*make)(int)) {
    T first = make(1), second = make(2);
    co_await out.send(std::move(first));
    co_await out.send(std::move(second));
    out.close();
}

template <class T>
heddle::task<> carry(T (*make)(int), bool (*is)(const T&, int)) {
    for (int capacity : {0, 1, 2}) {
        heddle::channel<T> c(capacity);
        heddle::go(send_two<T>(c, make));
        auto first = co_await c.receive();
        CHECK(is(*first, 1));
        std::optional<T> second;
        bool got = co_await c.receive(second);
        CHECK(got);
        CHECK(is(*second, 2));
        got = co_await c.receive(second);
        CHECK_FALSE(got);
    }
}

template <class T>
void carries(T (*make)(int), bool (*is)(const T&, int)) {
    test::world world;
    world.go(carry<T>(make, is));
    world.settle();
    CHECK(world.live() == 0);
}

template <class T>
void carries() {
    carries<T>([](int n) { return T(n); }, [](const T& v, int n) { return v.n == n; });
}

}  // namespace

TEST_SUITE_BEGIN("channel");

TEST_CASE("a channel carries any object type whose move is noexcept") {
    carries<no_default>();
    carries<copies_only>();
    carries<no_assignment>();
    carries<odd_address>();
    carries<big>();
    carries<std::unique_ptr<int>>(
        [](int n) { return std::make_unique<int>(n); },
        [](const std::unique_ptr<int>& p, int n) { return *p == n; });
    carries<std::any>(
        [](int n) { return std::any(n); },
        [](const std::any& a, int n) { return std::any_cast<int>(a) == n; });
    carries<std::optional<int>>(
        [](int n) { return std::optional<int>(n); },
        [](const std::optional<int>& o, int n) { return o == n; });
    carries<bool>([](int n) { return n == 1; },
                  [](const bool& b, int n) { return b == (n == 1); });
    carries<std::variant<int, std::string>>(
        [](int n) { return std::variant<int, std::string>(std::to_string(n)); },
        [](const std::variant<int, std::string>& v, int n) {
            return std::get<1>(v) == std::to_string(n);
        });
}

TEST_CASE("a channel can carry channels") {
    test::world world;
    heddle::channel<heddle::channel<int>> requests;
    world.go([](heddle::receiver<heddle::channel<int>> in) -> heddle::task<> {
        while (auto reply = co_await in.receive())
            co_await reply->send(42);
    }(requests));
    world.go([](heddle::sender<heddle::channel<int>> out) -> heddle::task<> {
        heddle::channel<int> reply;
        co_await out.send(reply);
        CHECK(co_await reply.receive() == 42);
        out.close();
    }(requests));
    world.settle();
    CHECK(world.live() == 0);
}

TEST_SUITE_END();
