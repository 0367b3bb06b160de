// SPDX-License-Identifier: BSL-1.0
// The promises of resolve() and dial(). The names of this file are looked up by a
// getaddrinfo of its own, which takes the place of the C library's.
#include <heddle/dial.hpp>
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/latch.hpp"
#include "support/world.hpp"

#include <asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using heddle::dial;
using heddle::resolve;
using heddle::task;
using test::ending;

/// How many lookups are under way, and whether those of slow.test may end.
std::atomic<int> under_way{0}, most_under_way{0};
std::atomic<bool> slow_may_end{false};

using lookup_function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int of_system(const char* host, const char* service, const addrinfo* hints,
              addrinfo** found) {
    static auto real =
        reinterpret_cast<lookup_function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
}

/// Looks up numbers, and makes one list of what is found.
int chained(std::vector<const char*> numbers, const char* service,
            const addrinfo* hints, addrinfo** found) {
    addrinfo** end = found;
    *end = nullptr;
    for (const char* each : numbers) {
        addrinfo wanted = *hints;
        wanted.ai_flags &= ~AI_ADDRCONFIG;
        if (int error = of_system(each, service, &wanted, end))
            return error;
        while (*end)
            end = &(*end)->ai_next;
    }
    return 0;
}

int slow(const char* service, const addrinfo* hints, addrinfo** found) {
    int now = ++under_way;
    for (int most = most_under_way; most < now;)
        most_under_way.compare_exchange_weak(most, now);
    most_under_way.notify_all();
    slow_may_end.wait(false);
    --under_way;
    return of_system("127.0.0.1", service, hints, found);
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    std::string name = host ? host : "";
    if (name == "slow.test")
        return slow(service, hints, found);
    if (name == "both.test")
        return chained({"::1", "127.0.0.2", "127.0.0.1"}, service, hints, found);
    if (name == "fours.test")
        return chained({"127.0.0.2", "127.0.0.3", "::1"}, service, hints, found);
    if (name == "nobody.test")
        return EAI_NONAME;
    return of_system(host, service, hints, found);
}

namespace {

/// A server on an address, at a port that all of a test use.
tcp::acceptor server_at(const char* address, std::uint16_t port = 0) {
    tcp::endpoint here(asio::ip::make_address(address), port);
    return {heddle::this_task::executor(), here};
}

std::string port_of(const tcp::acceptor& a) {
    return std::to_string(a.local_endpoint().port());
}

std::vector<std::string> texts(const std::vector<tcp::endpoint>& all) {
    std::vector<std::string> found;
    for (auto& each : all)
        found.push_back(each.address().to_string() + " " + std::to_string(each.port()));
    return found;
}

}  // namespace

TEST_SUITE_BEGIN("dial.threads");

TEST_CASE("a number is its own address, and asks nobody") {
    auto main = []() -> task<> {
        auto four = texts(co_await resolve("127.0.0.1", "80"));
        CHECK(four == std::vector<std::string>{"127.0.0.1 80"});
        auto six = texts(co_await resolve("::1", "65535"));
        CHECK(six == std::vector<std::string>{"::1 65535"});
    };
    heddle::run(main());
}

TEST_CASE("a name has the addresses of the system, in its order") {
    auto main = []() -> task<> {
        auto both = texts(co_await resolve("both.test", "80"));
        CHECK(both ==
              std::vector<std::string>{"::1 80", "127.0.0.2 80", "127.0.0.1 80"});
        auto local = co_await resolve("localhost", "80");
        REQUIRE(!local.empty());
        CHECK(local.front().address().is_loopback());
    };
    heddle::run(main());
}

TEST_CASE("a name that nobody has is an error that names it") {
    auto main = []() -> task<> {
        auto found = co_await heddle::settle(resolve("nobody.test", "80"));
        CHECK(found.code() == asio::error::host_not_found);
        std::string said = test::why(found.error());
        CHECK(said.starts_with("heddle: resolve nobody.test:80: "));
        auto service = co_await heddle::settle(resolve("127.0.0.1", "no such service"));
        CHECK(service.code());
        for (auto port : {"65536", "99999999999999999999999", "-1"})
            for (auto host : {"127.0.0.1", "both.test"}) {
                auto wrong = co_await heddle::settle(resolve(host, port));
                CHECK(wrong.code());
            }
        auto dialled = co_await heddle::settle(dial("nobody.test", "80"));
        CHECK(dialled.code() == asio::error::host_not_found);
    };
    heddle::run(main());
}

TEST_CASE("a lookup is left at once, holds up nothing, and several run at a time") {
    slow_may_end = false;
    auto main = []() -> task<> {
        auto start = heddle::now();
        auto late = co_await test::ending(
            heddle::with_timeout(10ms, resolve("slow.test", "80")));
        CHECK(late == "timed out");
        heddle::wait_group all;
        for (int i = 0; i < 5; ++i)
            all.go([]() -> task<> {
                (void)co_await heddle::settle(resolve("slow.test", "80"));
            });
        while (most_under_way < 6)
            co_await heddle::sleep(1ms);
        // Others are not held up by those that are stuck.
        auto other = co_await resolve("both.test", "80");
        CHECK(other.size() == 3);
        CHECK(heddle::now() - start < 30s);
    };
    heddle::run(main());  // returns although six lookups are under way
    CHECK(under_way == 6);
    slow_may_end = true;
    slow_may_end.notify_all();
    auto again = []() -> task<> {
        auto found = co_await resolve("slow.test", "80");
        CHECK(found.size() == 1);
    };
    heddle::run(again());
}

TEST_CASE("lookups beyond the threads wait in order, and may be left while they wait") {
    slow_may_end = false;
    most_under_way = 0;
    auto main = []() -> task<> {
        std::vector<heddle::join_handle<std::vector<tcp::endpoint>>> stuck;
        for (int i = 0; i < 16; ++i)
            stuck.push_back(heddle::go(resolve("slow.test", "80")));
        while (most_under_way < 16)
            co_await heddle::sleep(1ms);
        auto late =
            co_await ending(heddle::with_timeout(10ms, resolve("both.test", "80")));
        CHECK(late == "timed out");
        auto waits = heddle::go(resolve("both.test", "80"));
        co_await heddle::sleep(5ms);
        slow_may_end = true;
        slow_may_end.notify_all();
        auto waited = co_await waits;
        CHECK(waited.size() == 3);
        for (auto& each : stuck) {
            auto found = co_await each;
            CHECK(found.size() == 1);
        }
    };
    heddle::run(main());
}

TEST_CASE("a context may end while a lookup is under way") {
    slow_may_end = false;
    most_under_way = 0;
    {
        test::world w;
        w.go([]() -> task<> { (void)co_await resolve("slow.test", "80"); });
        while (most_under_way == 0)
            w.settle();
    }
    slow_may_end = true;
    slow_may_end.notify_all();
    while (under_way != 0)
        std::this_thread::yield();
}

TEST_CASE("an address that refuses gives way to the next at once") {
    auto main = []() -> task<> {
        auto server = server_at("127.0.0.1");
        auto start = heddle::now();
        auto s = co_await dial("both.test", port_of(server), {.attempt_delay = 1h});
        CHECK(s.remote_endpoint() == server.local_endpoint());
        CHECK(heddle::now() - start < 30min);
    };
    heddle::run(main());
}

TEST_CASE("an address that does not answer is overtaken after the delay") {
    auto main = []() -> task<> {
        // The first address of both families takes no more connections: its backlog is
        // full, and the system ignores who comes then.
        auto full = server_at("127.0.0.2");
        full.listen(0);
        std::vector<tcp::socket> fill;
        auto ex = heddle::this_task::executor();
        for (bool more = true; more;) {
            fill.emplace_back(ex);
            auto connecting = [](tcp::socket& s, tcp::endpoint there) -> task<> {
                co_await s.async_connect(there, heddle::use_task);
            }(fill.back(), full.local_endpoint());
            more = co_await heddle::timeout(50ms, std::move(connecting));
        }
        auto server = server_at("127.0.0.3", full.local_endpoint().port());
        auto start = heddle::now();
        auto s = co_await dial("fours.test", port_of(server), {.attempt_delay = 20ms});
        CHECK(s.remote_endpoint() == server.local_endpoint());
        CHECK(heddle::now() - start >= 20ms);
    };
    heddle::run(main());
}

TEST_CASE(
    "if no address answers, the error names all of them, in turn of the families") {
    auto main = []() -> task<> {
        std::string port;
        {
            auto free = server_at("127.0.0.1");
            port = port_of(free);
        }
        auto failed = co_await heddle::settle(dial("fours.test", port));
        CHECK(failed.code() == asio::error::connection_refused);
        std::string refused =
            heddle::error_code(asio::error::connection_refused).message();
        std::string said = test::why(failed.error());
        // IPv6 may not be there at all, which has another message.
        CHECK(said.starts_with("heddle: dial fours.test:" + port + ": 127.0.0.2:" +
                               port + ": " + refused + "; [::1]:" + port + ": "));
        CHECK(said.find("; 127.0.0.3:" + port + ": " + refused) != std::string::npos);
    };
    heddle::run(main());
}

TEST_CASE("a dial that is cancelled closes its sockets") {
    auto main = []() -> task<> {
        slow_may_end = false;
        auto late = co_await ending(heddle::with_timeout(5ms, dial("slow.test", "80")));
        CHECK(late == "timed out");
        slow_may_end = true;
        slow_may_end.notify_all();
    };
    heddle::run(main());
}

TEST_CASE("options that make no sense are refused") {
    CHECK(test::ending_of_call([] {
              (void)dial("::1", "80", {.attempt_delay = -1ms});
          }) == "heddle: dial_options: attempt_delay is below zero");
}

TEST_SUITE_END();
