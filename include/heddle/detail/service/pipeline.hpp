// SPDX-License-Identifier: BSL-1.0
// A stream with operators that need no frame: its values go through them one by one, in
// the turn of the stream.
#pragma once

#include <heddle/channel.hpp>
#include <heddle/stream.hpp>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class S>
constexpr bool is_stream = false;
template <class T>
constexpr bool is_stream<stream<T>> = true;

/// What becomes of the turn of a stream after a value. `over`: no value will come out any
/// more. Both bits may be set.
using verdict = unsigned;
inline constexpr verdict more = 0;
inline constexpr verdict enough = 1;
inline constexpr verdict over = 2;

/// What follows a stage, as the function that the stage calls.
template <class Pipeline, std::size_t I, class Last>
class next_stage {
public:
    next_stage(Pipeline& in, Last& last) noexcept : in_(in), last_(last) {}
    template <class V>
    HEDDLE_ALWAYS_INLINE verdict operator()(V&& value) const {
        return in_.template feed<I>(static_cast<V&&>(value), last_);
    }

private:
    Pipeline& in_;
    Last& last_;
};

/// The type of the values that leave a list of stages.
template <class T, class... Stages>
struct after_stages {
    using type = T;
};
template <class T, class Stage, class... Rest>
struct after_stages<T, Stage, Rest...> {
    using type =
        typename after_stages<typename Stage::template output<T>, Rest...>::type;
};

template <class Pipeline, class Last>
class body_turn;
template <class Pipeline, class Last>
class range_turn;

/// Takes the first value that comes out.
template <class T>
class first_value {
public:
    template <class V>
    HEDDLE_ALWAYS_INLINE verdict operator()(V&& value) {
        value_.emplace(static_cast<V&&>(value));
        return enough;
    }
    std::optional<T> result() { return std::move(value_); }

private:
    std::optional<T> value_;
};

/// One turn of a pipeline whose values go to `last`: until that has enough, or there are
/// no more.
template <class Pipeline, class Last>
class turn_op : public awaited_by_tasks {
public:
    turn_op(Pipeline& in, Last last) : in_(in), last_(std::move(last)) {}
    auto await_by(process& self) {
        return typename Pipeline::template turn<Last>(self, in_, std::move(last_));
    }

private:
    Pipeline& in_;
    Last last_;
};

struct pipeline_base {};

/// A source, and the stages through which its values go. It is a stream like the source.
template <class Source, class... Stages>
class [[nodiscard("heddle: a stream that nobody reads does nothing")]] pipeline
    : public pipeline_base {
public:
    using source_type = typename Source::value_type;  // of the values
    using value_type = typename after_stages<source_type, Stages...>::type;

    explicit pipeline(Source source, std::tuple<Stages...> stages = {},
                      bool is_over = false)
        : source_(std::move(source)), stages_(std::move(stages)), over_(is_over) {}

    next_op<pipeline> next() noexcept { return next_op<pipeline>(*this); }

    /// As a stream, which has a frame of its own if this has stages.
    operator stream<value_type>() && {
        if constexpr (is_stream<Source> && sizeof...(Stages) == 0)
            return std::move(source_);
        else
            return in_frame(std::move(*this));
    }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = mistake_kind::stream;

    template <class Stage>
    pipeline<Source, Stages..., Stage> then(Stage stage) && {
        bool is_over = over_;
        if constexpr (requires { stage.is_over(); })
            is_over = is_over || stage.is_over();
        return pipeline<Source, Stages..., Stage>(
            std::move(source_),
            std::tuple_cat(std::move(stages_), std::tuple<Stage>(std::move(stage))),
            is_over);
    }

    template <std::size_t I, class V, class Last>
    HEDDLE_ALWAYS_INLINE verdict feed(V&& value, Last& last) {
        if constexpr (I == sizeof...(Stages))
            return last(static_cast<V&&>(value));
        else
            return std::get<I>(stages_).step(
                static_cast<V&&>(value),
                next_stage<pipeline, I + 1, Last>(*this, last));
    }

    /// Gives a value to the first stage. Returns whether the turn ends.
    template <class V, class Last>
    HEDDLE_ALWAYS_INLINE bool push(V&& value, Last& last) {
        verdict v = feed<0>(static_cast<V&&>(value), last);
        if (v & over) [[unlikely]]
            over_ = true;
        return v != more;
    }

    template <class Last>
    using turn = std::conditional_t<is_stream<Source>, body_turn<pipeline, Last>,
                                    range_turn<pipeline, Last>>;
    auto await_next(process& self) {
        return turn<first_value<value_type>>(self, *this, first_value<value_type>());
    }

    Source& source() noexcept { return source_; }
    bool is_over() const noexcept { return over_; }
    void end() noexcept { over_ = true; }

private:
    static stream<value_type> in_frame(pipeline from) {
        while (std::optional<value_type> v = co_await from.next())
            co_yield *std::move(v);
    }

    Source source_;
    [[no_unique_address]] std::tuple<Stages...> stages_;
    bool over_;
};

/// The turn of a pipeline whose source is the body of a stream.
template <class Pipeline, class Last>
class body_turn final : taker<typename Pipeline::source_type>, pinned {
public:
    body_turn(process& self, Pipeline& in, Last last)
        : self_(self), in_(in), last_(std::move(last)) {}

    bool await_ready() const noexcept {
        return in_.is_over() || in_.source().has_ended();
    }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        return in_.source().begin_turn(self_, *this);
    }
    decltype(auto) await_resume() {
        if (thrown_) [[unlikely]] {
            in_.source().leave_turn();
            std::rethrow_exception(std::move(thrown_));
        }
        in_.source().end_turn();
        return last_.result();
    }

private:
    bool take(typename Pipeline::source_type&& value) noexcept override {
        try {
            return in_.push(std::move(value), last_);
        } catch (...) {
            thrown_ = std::current_exception();
            return true;
        }
    }

    process& self_;
    Pipeline& in_;
    Last last_;
    std::exception_ptr thrown_;
};

/// The same of a pipeline over a range: it never waits.
template <class Pipeline, class Last>
class range_turn final : pinned {
public:
    range_turn(process&, Pipeline& in, Last last) : in_(in), last_(std::move(last)) {}

    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    decltype(auto) await_resume() {
        Last last = std::move(last_);  // what it changes may be kept in a register
        if (!in_.is_over() && !in_.source().walk(in_, last))
            in_.end();
        return last.result();
    }

private:
    Pipeline& in_;
    Last last_;
};

/// The elements of a range, as a source. Range: a reference if it was given by name.
template <class Range>
class range_source {
    using range = std::remove_reference_t<Range>;
    static constexpr bool is_owned =
        !std::is_reference_v<Range> && !std::ranges::view<range>;

public:
    using value_type = std::ranges::range_value_t<Range>;

    explicit range_source(Range&& r) : range_(std::forward<Range>(r)) {}

    /// Requires: the walk has not begun. An iterator would refer to the
    /// range that was moved.
    range_source(range_source&& o) noexcept(std::is_nothrow_move_constructible_v<Range>)
        : range_(std::forward<Range>(o.range_)) {
        assert(!o.at_ && "heddle: a stream over a range is moved before it is read");
    }

    /// Returns whether the turn has ended before the range has. An element whose stage
    /// has thrown is passed over.
    template <class Pipeline, class Last>
    HEDDLE_ALWAYS_INLINE bool walk(Pipeline& in, Last& last) {
        if (at_)
            ++*at_;
        else
            at_.emplace(std::ranges::begin(range_));
        place here(at_);
        auto end = std::ranges::end(range_);
        for (; here.it != end; ++here.it)
            if (push(in, here.it, last))
                return true;
        return false;
    }

private:
    template <class Pipeline, class Iterator, class Last>
    HEDDLE_ALWAYS_INLINE static bool push(Pipeline& in, const Iterator& it,
                                          Last& last) {
        if constexpr (is_owned)
            return in.push(std::ranges::iter_move(it), last);
        else
            return in.push(*it, last);
    }

    using iterator = std::ranges::iterator_t<range>;

    /// The iterator for the length of a turn, where it can be kept in a register.
    struct place : pinned {
        explicit place(std::optional<iterator>& kept)
            : it(*std::move(kept)), at(kept) {}
        ~place() { at = std::move(it); }
        iterator it;
        std::optional<iterator>& at;
    };

    Range range_;
    std::optional<iterator> at_;
};

template <class T>
stream<T> stream_of(receiver<T> from) {
    while (std::optional<T> v = co_await from.receive())
        co_yield *std::move(v);
}

template <class S>
concept is_pipeline = std::derived_from<S, pipeline_base>;

template <class S>
struct end_of_channel {};
template <class T>
struct end_of_channel<channel<T>> {
    using type = T;
};
template <class T>
struct end_of_channel<receiver<T>> {
    using type = T;
};
template <class S>
concept is_receiving =
    requires { typename end_of_channel<std::remove_cvref_t<S>>::type; };

/// What operators take: a stream that is given up, or a receiver.
template <class S>
concept streamable =
    is_receiving<S> ||
    (!std::is_lvalue_reference_v<S> &&
     (is_stream<std::remove_cvref_t<S>> || is_pipeline<std::remove_cvref_t<S>>));

template <streamable S>
auto as_pipeline(S&& s) {
    using given = std::remove_cvref_t<S>;
    if constexpr (is_receiving<S>) {
        using T = typename end_of_channel<given>::type;
        return pipeline<stream<T>>(stream_of<T>(receiver<T>(s)));
    } else if constexpr (is_stream<given>) {
        return pipeline<given>(std::move(s));
    } else {
        return given(std::move(s));
    }
}

template <streamable S>
using pipeline_of = decltype(as_pipeline(std::declval<S>()));
template <streamable S>
using value_of = typename pipeline_of<S>::value_type;

/// An operator: what stands to the right of `|`. Make: called with the pipeline to the
/// left, it gives what the expression gives.
template <class Make>
class stream_operator {
public:
    explicit stream_operator(Make make) : make_(std::move(make)) {}

    template <streamable S>
    friend auto operator|(S&& s, const stream_operator& op) {
        return Make(op.make_)(as_pipeline(std::forward<S>(s)));
    }
    template <streamable S>
    friend auto operator|(S&& s, stream_operator&& op) {
        return std::move(op.make_)(as_pipeline(std::forward<S>(s)));
    }

    // A stream that is given by name.
    template <class S>
        requires(!streamable<S> && (is_stream<std::remove_cvref_t<S>> ||
                                    is_pipeline<std::remove_cvref_t<S>>))
    friend stream<int> operator|(S&&, const stream_operator&) {
        constexpr bool right = streamable<S>;
        static_assert(right, "heddle: a stream is read once, so give it up: write "
                             "std::move(s) | operator");
        std::terminate();
    }

private:
    Make make_;
};

}  // namespace heddle::detail
