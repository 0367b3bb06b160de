// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/process.hpp>
#include <heddle/detail/core/words.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// A type that co_await accepts inside a task: it has await_by(process&), which gives
/// the awaiter.
template <class A>
concept awaitable_by_task =
    requires(A&& a, process& self) { static_cast<A&&>(a).await_by(self); };

template <class A>
struct asio_adaptor;  // heddle/asio.hpp: Asio's deferred operations

template <class A>
concept adaptable = requires { typename asio_adaptor<std::remove_cvref_t<A>>::type; };

/// Says that g++ 12 has miscompiled a coroutine, and aborts.
[[noreturn]] HEDDLE_API void misplaced_frame() noexcept;

/// g++ 12 misplaces the frame of a coroutine that declares no variable and has co_await
/// in a condition: `task<> f(receiver<> in) { while (co_await in.receive()) {} }`. Then
/// the handle that it passes here differs from the address of the frame that the
/// promise gives. An abort with a message is better than a crash later.
class initial_awaiter {
public:
    explicit initial_awaiter(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> passed) const noexcept {
        if (passed.address() != frame_.address())
            misplaced_frame();
    }
    void await_resume() const noexcept {}

private:
    std::coroutine_handle<> frame_;
};

/// The awaiter with which a task awaits `a`. What cannot be awaited is refused.
template <class A>
decltype(auto) awaiter_of(process& self, A&& a) {
    if constexpr (awaitable_by_task<A>)
        return static_cast<A&&>(a).await_by(self);
    else if constexpr (adaptable<A>)
        return asio_adaptor<std::remove_cvref_t<A>>::await_by(self,
                                                              static_cast<A&&>(a));
    else {
        refuse_await<mistake_of<std::remove_cvref_t<A>>>();
        return refused_awaiter();
    }
}

class promise_base;

/// A call of one coroutine by another, in the frame of the caller.
struct call {
    std::coroutine_handle<> callee;  // null if its frame has been destroyed
    promise_base* caller;
};

/// The part of a task's promise that does not depend on its result. It comes first there.
class promise_base {
public:
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        free_frame(frame, bytes);
    }

    initial_awaiter initial_suspend() noexcept { return initial_awaiter(frame()); }
    void unhandled_exception() noexcept { failure = std::current_exception(); }

    std::coroutine_handle<> frame() noexcept { return frame_of(*this); }

    /// The frame that awaits this one; null for the root frame.
    promise_base* caller() const noexcept {
        return called_by ? called_by->caller : nullptr;
    }

    /// The process is at hand in every awaiter: no path of a channel touches a
    /// thread_local.
    template <class A>
    decltype(auto) await_transform(A&& a) {
        return awaiter_of(*self, static_cast<A&&>(a));
    }

    template <class V>
    refused_awaiter yield_value(const V&) {
        constexpr bool right = sizeof(V*) == 0;
        static_assert(
            right, "heddle: a task has no co_yield: send the value on a channel, as "
                   "heddle::generate does; to let others run co_await heddle::yield()");
        return {};
    }

    process* self = nullptr;
    call* called_by = nullptr;  // null in the root frame
    std::exception_ptr failure;

protected:
    promise_base() = default;
    ~promise_base() = default;
    promise_base(const promise_base&) = delete;
    promise_base& operator=(const promise_base&) = delete;
};

}  // namespace heddle::detail
