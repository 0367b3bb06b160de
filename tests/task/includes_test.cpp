// SPDX-License-Identifier: BSL-1.0
// The headers that include others declare the same names as always, and programs that
// include only those still compile. testing/explore_threads_test.cpp tests
// heddle/testing_threads.hpp, which needs heddle::model.
#include <heddle/asio.hpp>
#include <heddle/go.hpp>
#include <heddle/patterns.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing.hpp>
#include <heddle/testing_stream.hpp>
#include <heddle/time.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>

TEST_SUITE_BEGIN("includes");

namespace {

using namespace std::chrono_literals;

int twice(int n) { return 2 * n; }

heddle::task<std::string> report() {
    heddle::this_task::name("reporter");
    bool numbered = heddle::this_task::id() != 0;
    int n = co_await heddle::go_blocking(twice, 21);
    std::size_t alive = heddle::live_tasks();
    co_return std::to_string(n) + (numbered && alive == 1 ? " alone" : " in company");
}

heddle::task<> send_none(heddle::sender<int>) { co_return; }

heddle::task<> read_none() {
    heddle::receiver<int> none = heddle::generate<int>(send_none);
    CHECK(!co_await none.receive());
}

}  // namespace

TEST_CASE("sync.hpp declares all primitives of synchronisation") {
    static_assert(std::default_initializable<heddle::mutex>);
    static_assert(std::default_initializable<heddle::mutex::guard>);
    static_assert(std::constructible_from<heddle::semaphore, std::ptrdiff_t>);
    static_assert(std::default_initializable<heddle::event>);
    static_assert(std::constructible_from<heddle::latch, std::ptrdiff_t>);
    static_assert(std::constructible_from<heddle::barrier, std::ptrdiff_t>);
    static_assert(std::default_initializable<heddle::once>);
    static_assert(std::default_initializable<heddle::wait_group>);
}

TEST_CASE("patterns.hpp declares generate, merge, unbounded, actor and run_group") {
    static_assert(requires(heddle::receiver<int> in) {
        { heddle::merge(in, in) } -> std::same_as<heddle::receiver<int>>;
        { heddle::unbounded(in) } -> std::same_as<heddle::receiver<int>>;
    });
    asio::io_context context;
    heddle::go(context, read_none);
    context.run();
    static_assert(std::constructible_from<heddle::actor<int>, int>);
    static_assert(std::default_initializable<heddle::run_group>);
}

TEST_CASE(
    "asio.hpp declares bind_done and the tokens; time.hpp declares the types of time") {
    auto bound = heddle::bind_done(heddle::done_token(), heddle::use_task);
    static_assert(!std::is_void_v<decltype(bound)>);
    static_assert(requires { heddle::as_tuple(heddle::use_task); });
    static_assert(std::is_same_v<heddle::time_point::duration, heddle::duration>);
    CHECK(heddle::any_duration(1ms) == heddle::duration(1'000'000));
}

TEST_CASE("testing.hpp declares world, explore and with_seeds; testing_stream.hpp "
          "declares stream") {
    heddle::testing::world world;
    auto ends = heddle::testing::stream::pair(world.context());
    CHECK(ends.first.is_open());
    auto all =
        heddle::testing::explore("nothing", []() -> heddle::task<> { co_return; });
    CHECK(all.complete);
    heddle::testing::with_seeds("nothing", 1, []() -> heddle::task<> { co_return; });
}

// This is the last case, because go_blocking starts a thread.
TEST_CASE(
    "go.hpp declares this_task, go_blocking, parallel, live_tasks and dump_tasks") {
    asio::io_context context;
    heddle::on_unhandled(context, nullptr);
    auto handle = heddle::go(context, report);
    static_assert(std::is_same_v<decltype(handle), heddle::join_handle<std::string>>);
    CHECK(heddle::dump_tasks(context).find("task") != std::string::npos);
    context.run();
    CHECK(heddle::live_tasks(context) == 0);
    asio::any_io_executor parallel = heddle::parallel(context, 1);
    CHECK(heddle::live_tasks(parallel) == 0);
}

TEST_SUITE_END();
