// SPDX-License-Identifier: BSL-1.0
// The turn of a stream: its reader calls its body, which gives values to a taker until
// the taker has enough.
#pragma once

#include <heddle/detail/core/host.hpp>
#include <heddle/detail/core/promise.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// What a stream gives its values to, for one turn. It is part of the reader's frame.
template <class T>
class taker {
public:
    /// Called in the body where it yields. The value stays where it is until the body
    /// goes on. Returns whether the turn ends, and the reader goes on: otherwise the body
    /// does, without having been suspended. So operators that drop a value, and loops
    /// over a stream, suspend nothing. It keeps its exceptions for the reader: the body
    /// must not see them.
    virtual bool take(T&& value) noexcept = 0;

protected:
    ~taker() = default;
};

/// The awaiter of a co_yield.
template <class T>
class yielded : pinned {
public:
    yielded(promise_base& body, taker<T>& to, T& value) noexcept
        : body_(body), to_(to), value_(value) {}

    bool await_ready() noexcept { return !to_.take(std::move(value_)); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        process& self = *body_.self;
        self.top = body_.caller();
        return self.home->transfer(self);
    }
    void await_resume() const noexcept {}

private:
    promise_base& body_;
    taker<T>& to_;
    T& value_;
};

/// The same of an lvalue, with a copy of it.
template <class T>
class yielded_copy : pinned {
public:
    yielded_copy(promise_base& body, taker<T>& to, const T& value)
        : copy_(value), value_(body, to, copy_) {}

    bool await_ready() noexcept { return value_.await_ready(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> frame) noexcept {
        return value_.await_suspend(frame);
    }
    void await_resume() const noexcept {}

private:
    T copy_;
    yielded<T> value_;
};

/// Takes one value, where it is.
template <class Stream>
class value_turn final : taker<typename Stream::value_type>, pinned {
    using value_type = typename Stream::value_type;

public:
    value_turn(process& self, Stream& from) noexcept : self_(self), from_(from) {}

    bool await_ready() const noexcept { return from_.has_ended(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        return from_.begin_turn(self_, *this);
    }
    std::optional<value_type> await_resume() {
        if (value_) {
            from_.leave_turn();
            return std::optional<value_type>(std::move(*value_));
        }
        from_.end_turn();
        return std::nullopt;
    }

private:
    bool take(value_type&& value) noexcept override {
        value_ = std::addressof(value);
        return true;
    }

    process& self_;
    Stream& from_;
    value_type* value_ = nullptr;
};

/// What next() returns, to be `co_await`ed in the expression that calls it.
template <class Stream>
class [[nodiscard("heddle: co_await next(): before that nothing is read")]] next_op
    : public awaited_by_tasks {
public:
    explicit next_op(Stream& from) noexcept : from_(&from) {}
    auto await_by(process& self) const { return from_->await_next(self); }

private:
    Stream* from_;
};

template <class T>
constexpr bool is_yielded() {
    constexpr bool right = std::is_object_v<T> && !std::is_const_v<T> &&
                           !std::is_array_v<T> && std::is_move_constructible_v<T>;
    static_assert(right,
                  "heddle::stream<T>: T must be a non-const object type that can "
                  "be moved; to yield a reference use a pointer");
    return true;
}

template <class T, class U>
void refuse_yield() {
    constexpr bool right = std::is_void_v<U>;
    if constexpr (std::is_same_v<std::remove_cvref_t<U>, T>)
        static_assert(right,
                      "heddle: co_yield copies a value that is given by name, and "
                      "this one can only be moved: write co_yield "
                      "std::move(value)");
    else
        static_assert(right,
                      "heddle: co_yield of a value that is no T, in a stream<T>: "
                      "convert it, or name the type of the stream");
}

}  // namespace heddle::detail
