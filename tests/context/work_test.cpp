// SPDX-License-Identifier: BSL-1.0
// The last work of a context ends on a thread that runs the context. Asio stops a context
// after it has counted its work down to zero, not at the same instant: if another thread
// did that, its stop could come late, when the context runs again for new work.
#include "support/joined_thread.hpp"
#include "support/latch.hpp"

#include <heddle/heddle.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace {

using heddle::task;

/// A context whose thread is as quick as can be: it runs all that is ready at the moment
/// that a test chooses, which is in the middle of a function of the library.
struct quick_context {
    /// Runs all that is ready, on another thread. Returns whether there was something.
    bool run() {
        std::size_t n = 0;
        std::thread([&] { n = ctx.poll(); }).join();
        ran_out = ctx.stopped();
        return n != 0;
    }
    /// The same, if the test has said so, until there was something.
    void run_if_told() {
        if (std::exchange(told, false))
            told = !run();
    }

    asio::io_context ctx;
    bool told = false;
    std::optional<bool> ran_out;  // whether no work was left after the last run
};

/// An executor that lets the context run before execute() returns.
class quick_executor {
public:
    explicit quick_executor(quick_context& c)
        : context_(&c), inner_(c.ctx.get_executor()) {}

    template <class F>
    void execute(F&& f) const {
        auto* context = context_;
        asio::post(context->ctx, [g = std::decay_t<F>(std::forward<F>(f))]() mutable {
            std::move(g)();
        });
        context->run_if_told();
    }
    asio::execution_context& query(asio::execution::context_t) const noexcept {
        return context_->ctx;
    }
    static constexpr asio::execution::blocking_t
    query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    quick_executor require(asio::execution::blocking_t::never_t) const noexcept {
        return *this;
    }
    quick_executor
    require(asio::execution::outstanding_work_t::tracked_t work) const noexcept {
        return {*context_, asio::prefer(inner_, work)};
    }
    quick_executor
    require(asio::execution::outstanding_work_t::untracked_t work) const noexcept {
        return {*context_, asio::prefer(inner_, work)};
    }
    friend bool operator==(const quick_executor& a, const quick_executor& b) noexcept {
        return a.context_ == b.context_ && a.inner_ == b.inner_;
    }

private:
    quick_executor(quick_context& c, asio::any_io_executor inner)
        : context_(&c), inner_(std::move(inner)) {}

    quick_context* context_;
    asio::any_io_executor inner_;
};

/// A handler that lets the context run when an object of it is destroyed, one that was
/// moved from too: the library has just posted it then.
class quick_handler {
public:
    quick_handler(quick_context& c, int& calls) : context_(&c), calls_(&calls) {}
    quick_handler(quick_handler&& o) noexcept = default;
    quick_handler& operator=(quick_handler&&) = delete;
    ~quick_handler() { context_->run_if_told(); }

    template <class... Args>
    void operator()(Args&&...) const {
        ++*calls_;
    }

private:
    quick_context* context_;
    int* calls_;
};

/// While one lives the process has a second thread, so the library elides no locks.
struct second_thread {
    ~second_thread() { over.count_down(); }
    test::latch over{1};
    test::joined_thread thread{[this] { over.wait(); }};
};

/// An operation that the thread of the test completes.
struct elsewhere {
    bool holds_work = false;  // of its handler's executor, as Asio's operations do
    std::function<void()> complete{};
};

task<> wait_in(elsewhere& operation, bool& ended) {
    co_await asio::async_initiate<decltype(heddle::use_task), void()>(
        [&operation](auto handler) {
            auto held = std::make_shared<decltype(handler)>(std::move(handler));
            auto ex = asio::get_associated_executor(*held);
            auto working = asio::prefer(ex, asio::execution::outstanding_work.tracked);
            if (operation.holds_work)
                operation.complete = [=] { asio::dispatch(working, std::move(*held)); };
            else
                operation.complete = [=] { asio::dispatch(ex, std::move(*held)); };
        },
        heddle::use_task);
    ended = true;
}

}  // namespace

TEST_SUITE_BEGIN("work.threads");

TEST_CASE("a context that wakes up and runs at once has no work left when its task has "
          "ended, although the thread that started the task is still in the library") {
    second_thread locks;
    quick_context home;
    bool ended = false;
    home.told = true;
    heddle::go(
        quick_executor(home),
        [](bool& over) -> task<> {
            over = true;
            co_return;
        },
        std::ref(ended));
    CHECK(ended);
    CHECK(home.ran_out == true);
}

TEST_CASE("a context that wakes up and runs at once has no work left when its task has "
          "ended, although the thread that completed its operation is still in the "
          "library") {
    second_thread locks;
    quick_context home;
    elsewhere operation;
    bool ended = false;
    heddle::go(quick_executor(home), wait_in, std::ref(operation), std::ref(ended));
    home.run();
    home.ctx.restart();

    home.told = true;
    operation.complete();
    CHECK(ended);
    CHECK(home.ran_out == true);
}

TEST_CASE(
    "the work that another thread holds for a task ends on a thread of the task's "
    "context") {
    second_thread locks;
    quick_context home;
    elsewhere operation{.holds_work = true};
    bool ended = false;
    SUBCASE("on an executor of Asio's") {
        heddle::go(home.ctx, wait_in, std::ref(operation), std::ref(ended));
    }
    SUBCASE("on an executor of a user") {
        heddle::go(quick_executor(home), wait_in, std::ref(operation), std::ref(ended));
    }
    home.run();
    REQUIRE(home.ran_out == false);

    operation.complete();
    home.run();
    REQUIRE(ended);
    CHECK(home.ran_out == false);
    operation.complete = nullptr;  // this thread held the last work
    CHECK(!home.ctx.stopped());
    home.run();
    CHECK(home.ran_out == true);
}

TEST_CASE(
    "the work of a handler ends when it has been called, although the thread that "
    "posted it is still in the library") {
    second_thread locks;
    quick_context home;
    heddle::channel<int> c;
    int calls = 0;
    SUBCASE("on an executor of Asio's") {
        c.async_receive(
            asio::bind_executor(home.ctx.get_executor(), quick_handler(home, calls)));
    }
    SUBCASE("on an executor of a user") {
        c.async_receive(
            asio::bind_executor(quick_executor(home), quick_handler(home, calls)));
    }
    home.told = true;
    REQUIRE(c.try_send(7) == heddle::try_status::done);
    CHECK(calls == 1);
    CHECK(home.ran_out == true);
}

TEST_SUITE_END();
