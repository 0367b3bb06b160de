// SPDX-License-Identifier: BSL-1.0
// The stages of pipelines. Each has `output<T>`, what it gives for values of type T, and
// step(value, next), which calls next(value) for what it gives.
#pragma once

#include <heddle/detail/service/pipeline.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Throws std::invalid_argument for a number below zero. `who` names the operator.
HEDDLE_API std::ptrdiff_t checked_number(const char* who, std::ptrdiff_t n);

template <std::integral N>
std::size_t number_of(const char* who, N n) {
    if (std::cmp_greater(n, std::numeric_limits<std::ptrdiff_t>::max()))
        return std::numeric_limits<std::ptrdiff_t>::max();
    return static_cast<std::size_t>(
        checked_number(who, static_cast<std::ptrdiff_t>(n)));
}

/// What a function gives for a value, a reference as the value that it refers to.
template <class F, class T>
using call_result = std::remove_cvref_t<std::invoke_result_t<F&, T>>;
template <class F, class T>
using awaited_result = std::remove_cvref_t<
    typename task_result<std::remove_cvref_t<std::invoke_result_t<F&, T>>>::type>;
template <class F, class T>
concept called_as_task = is_task<std::remove_cvref_t<std::invoke_result_t<F&, T>>>;

template <class F, class T>
constexpr bool takes_value() {
    constexpr bool right = std::is_invocable_v<F&, T>;
    static_assert(right,
                  "heddle: the function of this operator cannot be called with a "
                  "value of the stream: f(value)");
    return right;
}
template <class F, class T>
constexpr bool is_predicate() {
    constexpr bool right = std::is_invocable_r_v<bool, F&, const T&>;
    static_assert(right, "heddle: the function of this operator is called with a const "
                         "reference to a value of the stream, and gives a bool");
    return right;
}

template <class F>
class map_stage {
public:
    template <class T>
    using output = call_result<F, T>;

    explicit map_stage(F f) : f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        using result = std::invoke_result_t<F&, V>;
        if constexpr (std::is_reference_v<result>) {
            std::remove_cvref_t<result> copy(std::invoke(f_, static_cast<V&&>(value)));
            return next(std::move(copy));
        } else {
            return next(std::invoke(f_, static_cast<V&&>(value)));
        }
    }

private:
    [[no_unique_address]] F f_;
};

template <class F>
class filter_stage {
public:
    template <class T>
    using output = std::enable_if_t<is_predicate<F, T>(), T>;

    explicit filter_stage(F f) : f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        return std::invoke(f_, std::as_const(value)) ? next(static_cast<V&&>(value))
                                                     : more;
    }

private:
    [[no_unique_address]] F f_;
};

template <class F>
class filter_map_stage {
public:
    template <class T>
    using output = typename call_result<F, T>::value_type;

    explicit filter_map_stage(F f) : f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        auto result = std::invoke(f_, static_cast<V&&>(value));
        return result ? next(*std::move(result)) : more;
    }

private:
    [[no_unique_address]] F f_;
};

template <class F>
class inspect_stage {
public:
    template <class T>
    using output = std::enable_if_t<takes_value<F, const T&>(), T>;

    explicit inspect_stage(F f) : f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        std::invoke(f_, std::as_const(value));
        return next(static_cast<V&&>(value));
    }

private:
    [[no_unique_address]] F f_;
};

template <class F>
class take_while_stage {
public:
    template <class T>
    using output = std::enable_if_t<is_predicate<F, T>(), T>;

    explicit take_while_stage(F f) : f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        return std::invoke(f_, std::as_const(value)) ? next(static_cast<V&&>(value))
                                                     : over;
    }

private:
    [[no_unique_address]] F f_;
};

template <class State, class F>
class scan_stage {
public:
    template <class T>
    using output = State;

    scan_stage(State first, F f) : state_(std::move(first)), f_(std::move(f)) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        state_ = std::invoke(f_, std::move(state_), static_cast<V&&>(value));
        return next(State(state_));
    }

private:
    State state_;
    [[no_unique_address]] F f_;
};

class enumerate_stage {
public:
    template <class T>
    using output = std::pair<std::size_t, T>;

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        return next(std::pair<std::size_t, std::remove_cvref_t<V>>(
            number_++, static_cast<V&&>(value)));
    }

private:
    std::size_t number_ = 0;
};

class take_stage {
public:
    template <class T>
    using output = T;

    explicit take_stage(std::size_t n) noexcept : left_(n) {}
    bool is_over() const noexcept { return left_ == 0; }

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        if (left_ == 0)  // what followed the last value has thrown
            return over;
        if (--left_ > 0) [[likely]]
            return next(static_cast<V&&>(value));
        return next(static_cast<V&&>(value)) | over;
    }

private:
    std::size_t left_;
};

class skip_stage {
public:
    template <class T>
    using output = T;

    explicit skip_stage(std::size_t n) noexcept : left_(n) {}

    template <class V, class Next>
    HEDDLE_ALWAYS_INLINE verdict step(V&& value, Next next) {
        if (left_ == 0) [[likely]]
            return next(static_cast<V&&>(value));
        --left_;
        return more;
    }

private:
    std::size_t left_;
};

// -- what operators do with the pipeline to their left --------------------------------

template <class Stage>
class make_plain {
public:
    explicit make_plain(Stage stage) : stage_(std::move(stage)) {}
    template <class P>
    auto operator()(P&& from) && {
        return std::move(from).then(std::move(stage_));
    }

private:
    Stage stage_;
};

template <template <class> class Stage, class F>
class make_stage {
public:
    explicit make_stage(F f) : f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        if constexpr (takes_value<F, typename P::value_type>())
            return std::move(from).then(Stage<F>(std::move(f_)));
    }

private:
    F f_;
};

template <class State, class F>
class make_scan {
public:
    make_scan(State first, F f) : first_(std::move(first)), f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        constexpr bool right =
            std::is_invocable_r_v<State, F&, State, typename P::value_type>;
        static_assert(right,
                      "heddle: the function of scan is called with the state and "
                      "a value of the stream, and gives the next state: "
                      "f(state, value)");
        return std::move(from).then(
            scan_stage<State, F>(std::move(first_), std::move(f_)));
    }

private:
    State first_;
    F f_;
};

template <class P, class F>
stream<awaited_result<F, typename P::value_type>> map_by_tasks(P from, F f) {
    using T = typename P::value_type;
    while (std::optional<T> v = co_await from.next()) {
        awaited_result<F, T> result = co_await std::invoke(f, *std::move(v));
        co_yield std::move(result);
    }
}

template <class P, class F>
stream<typename P::value_type> filter_by_tasks(P from, F f) {
    while (std::optional<typename P::value_type> v = co_await from.next()) {
        bool is_wanted = co_await std::invoke(f, std::as_const(*v));
        if (is_wanted)
            co_yield *std::move(v);
    }
}

template <class F>
class make_map {
public:
    explicit make_map(F f) : f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        using T = typename P::value_type;
        if constexpr (takes_value<F, T>()) {
            constexpr bool gives = !std::is_void_v<std::invoke_result_t<F&, T>>;
            static_assert(gives, "heddle: the function of map gives nothing: write "
                                 "inspect, or for_each");
            if constexpr (called_as_task<F, T>)
                return map_by_tasks<P, F>(std::move(from), std::move(f_));
            else if constexpr (gives)
                return std::move(from).then(map_stage<F>(std::move(f_)));
        }
    }

private:
    F f_;
};

template <class F>
class make_filter {
public:
    explicit make_filter(F f) : f_(std::move(f)) {}
    template <class P>
    auto operator()(P&& from) && {
        using T = typename P::value_type;
        if constexpr (takes_value<F, const T&>()) {
            if constexpr (called_as_task<F, const T&>)
                return filter_by_tasks<P, F>(std::move(from), std::move(f_));
            else
                return std::move(from).then(filter_stage<F>(std::move(f_)));
        }
    }

private:
    F f_;
};

}  // namespace heddle::detail
