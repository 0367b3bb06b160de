// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/core/host.hpp>
#include <heddle/detail/core/promise.hpp>
#include <heddle/errors.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

template <class T>
class task;

namespace detail {

struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<>
    await_suspend(std::coroutine_handle<Promise> h) const noexcept {
        promise_base& ended = h.promise();
        process& self = *ended.self;
        if (!ended.called_by)
            return self.home->finish(
                self);  // destroyed by the drain loop, never in here
        self.top = ended.called_by->caller;
        return self.home->transfer(self);
    }
    void await_resume() const noexcept {}
};

/// For a task<T> that came to its end without a result, which only clang warns of.
[[noreturn]] HEDDLE_API void throw_no_result();

template <class T, class U>
constexpr bool gives() {
    constexpr bool right = std::is_constructible_v<T, U>;
    static_assert(right, "heddle: co_return of a value that is no T, in a task<T>: "
                         "convert it, or name the type of the task, task<type>");
    return right;
}

template <class T>
class result {
public:
    template <class U = T>
    void return_value(U&& value) {
        if constexpr (gives<T, U&&>())
            value_.emplace(static_cast<U&&>(value));
    }
    T take() {
        if (!value_) [[unlikely]]
            throw_no_result();
        return *std::move(value_);
    }

private:
    std::optional<T> value_;
};

/// A result that would move the promise in its frame (frame_of), and that frames are not
/// aligned to, has a block of its own.
template <class T>
    requires(alignof(T) > 2 * sizeof(void*))
class result<T> {
public:
    template <class U = T>
    void return_value(U&& value) {
        if constexpr (gives<T, U&&>())
            value_.reset(new T(static_cast<U&&>(value)));
    }
    T take() {
        if (!value_)
            throw_no_result();
        return *std::move(value_);
    }

private:
    std::unique_ptr<T> value_;
};

template <class T>
class result<T&> {
public:
    void return_value(T& value) noexcept { value_ = &value; }
    T& take() const {
        if (!value_) [[unlikely]]
            throw_no_result();
        return *value_;
    }

private:
    T* value_ = nullptr;
};

template <>
class result<void> {
public:
    void return_void() const noexcept {}
    void take() const noexcept {}
};

/// Whether it is a task, or a task in a scope, and what it gives.
template <class F>
constexpr bool is_task = false;
template <class T>
constexpr bool is_task<task<T>> = true;

template <class R>
struct task_result {
    using type = R;
};
template <class T>
struct task_result<task<T>> {
    using type = T;
};
template <class Task>
using result_of_task = typename task_result<Task>::type;

}  // namespace detail

/// A task is a coroutine that has not run yet: its type and its arguments, bound.
///
///     heddle::task<int> answer() { co_return 42; }
///     int n = co_await answer();   // runs it in place, as a call in Go
///     heddle::go(answer());        // runs it concurrently
///
/// An exception that leaves the body leaves the co_await. Calls may nest to any depth:
/// the stack does not grow with them.
///
/// Threads   a task runs on one thread at a time, in the host of the task that awaits
///           it.
/// Cancel    co_await of a task is a call, not a wait: it does not throw `cancelled`
///           itself, the waits inside do.
/// Lifetime  movable; dropped before it ran, it is destroyed silently. Arguments taken
///           by reference must outlive it (`go` copies them, see go.hpp).
/// Errors    awaited a second time, or moved from: already_joined. A task<T> that comes
///           to its end without co_return has no result: a caller or joiner that
///           asks for it gets std::logic_error.
template <class T = void>
class [[nodiscard("heddle: co_await this task, or give it to heddle::go: before that "
                  "it does not run")]] HEDDLE_AWAIT_ELIDABLE task
    : public detail::awaited_by_tasks {
public:
    class promise_type;

    task(task&& o) noexcept : frame_(std::exchange(o.frame_, {})) {}
    task& operator=(task&& o) noexcept {
        task old(std::move(*this));
        frame_ = std::exchange(o.frame_, {});
        return *this;
    }
    ~task() {
        if (frame_)
            frame_.destroy();
    }

    /// For co_await in another task.
    auto await_by(detail::process& self) && { return awaiter(release(), self); }

    /// For go: gives the frame away. Throws already_joined if there is none.
    static constexpr auto mistake = detail::mistake_kind::task;
    std::coroutine_handle<promise_type> release() {
        if (!frame_)
            throw already_joined(
                "heddle: this task was awaited, started or moved before");
        return std::exchange(frame_, {});
    }

private:
    class awaiter;

    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

template <class T>
class task<T>::promise_type : public detail::promise_base, public detail::result<T> {
public:
    task get_return_object() noexcept {
        return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    detail::final_awaiter final_suspend() const noexcept { return {}; }
};

template <class T>
class task<T>::awaiter : detail::pinned {
public:
    awaiter(std::coroutine_handle<promise_type> frame, detail::process& self) noexcept
        : call_{frame, self.top} {
        promise().self = &self;
        promise().called_by = &call_;
    }
    ~awaiter() { end(); }
    void end() noexcept {
        if (auto frame = std::exchange(call_.callee, {}))
            frame.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        detail::process& self = *promise().self;
        self.top = &promise();
        return self.home->transfer(self);
    }
    detail::wait_failure take_failure() noexcept {
        return {std::move(promise().failure), {}};
    }
    T await_resume() {
        if (promise().failure)
            std::rethrow_exception(std::move(promise().failure));
        return promise().take();
    }

private:
    promise_type& promise() const noexcept {
        return std::coroutine_handle<promise_type>::from_address(call_.callee.address())
            .promise();
    }

    detail::call call_;
};

}  // namespace heddle
