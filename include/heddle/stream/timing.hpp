// SPDX-License-Identifier: BSL-1.0
// Operators that look at the time, on the clock of the host: chunks, debounce,
// throttle, sample, timeout. What transform.hpp says of operators holds of them; each
// has one frame.
//
// chunks with a time, debounce and sample read their stream in a task of its own, one
// value ahead, on the host of the task that calls the first next(). Dropped, or when
// next() is cancelled, they cancel that task, which then ends by itself. An exception
// of the stream leaves next() after the values that came before it. Times that are not
// above zero: std::invalid_argument, when the operator is made.
#pragma once

#include <heddle/detail/service/crew.hpp>
#include <heddle/detail/service/stages.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class P>
stream<std::vector<typename P::value_type>> chunked(P from, std::size_t n) {
    using T = typename P::value_type;
    std::exception_ptr failure;
    for (bool is_open = true; is_open;) {
        std::vector<T> chunk;
        try {
            while (chunk.size() < n && is_open) {
                std::optional<T> v = co_await from.next();
                is_open = v.has_value();
                if (v)
                    chunk.push_back(*std::move(v));
            }
        } catch (...) {
            failure = std::current_exception();
            is_open = false;
        }
        if (!chunk.empty())
            co_yield std::move(chunk);
    }
    if (failure)
        std::rethrow_exception(std::move(failure));
}

template <class P>
stream<std::vector<typename P::value_type>> chunked_in_time(P from, std::size_t n,
                                                            duration d) {
    using T = typename P::value_type;
    fed<P> values("the source of chunks", std::move(from));
    for (bool is_open = true; is_open;) {
        std::vector<T> chunk;
        std::optional<T> v;
        is_open = co_await values.receive(v);
        timer late = after(d);
        while (v) {
            chunk.push_back(*std::move(v));
            v.reset();
            if (chunk.size() == n)
                break;
            std::size_t first = co_await select(values.receive(v), late);
            is_open = first == 1 || v;
        }
        if (!chunk.empty())
            co_yield std::move(chunk);
    }
    co_await values.end();
}

template <class P>
stream<typename P::value_type> debounced(P from, duration d) {
    using T = typename P::value_type;
    fed<P> values("the source of a debounce", std::move(from));
    std::optional<T> latest;
    for (bool is_open = true; is_open;) {
        std::optional<T> v;
        is_open = co_await values.receive(v);
        while (v) {
            latest.emplace(*std::move(v));
            v.reset();
            std::size_t first = co_await select(values.receive(v), after(d));
            is_open = first == 1 || v;
        }
        if (latest) {
            co_yield *std::move(latest);
            latest.reset();
        }
    }
    co_await values.end();
}

template <class P>
stream<typename P::value_type> sampled(P from, duration d) {
    using T = typename P::value_type;
    fed<P> values("the source of a sample", std::move(from));
    ticker every(d);
    std::optional<T> latest;
    timer tick = every.next();
    for (;;) {
        std::optional<T> v;
        std::size_t first = co_await select(values.receive(v), tick);
        if (first == 1) {
            if (latest) {
                co_yield *std::move(latest);
                latest.reset();
            }
            tick = every.next();
        } else if (v) {
            latest.emplace(*std::move(v));
        } else {
            break;
        }
    }
    co_await values.end();
}

template <class P>
stream<typename P::value_type> throttled(P from, duration d) {
    time_point earliest = time_point::min();
    while (std::optional<typename P::value_type> v = co_await from.next()) {
        if (earliest > now())
            co_await sleep_until(earliest);
        earliest = deadline_from_now(d);
        co_yield *std::move(v);
    }
}

template <class P>
task<std::optional<typename P::value_type>> read_one(P& from) {
    co_return co_await from.next();
}

template <class P>
stream<typename P::value_type> limited(P from, duration d) {
    while (std::optional<typename P::value_type> v =
               co_await with_timeout(d, read_one(from)))
        co_yield *std::move(v);
}

/// An operator that a function makes of the pipeline to the left and of a time.
enum class timing { debounce, sample, throttle, timeout };

template <timing How>
class make_timed {
public:
    explicit make_timed(duration d) noexcept : d_(d) {}
    template <class P>
    auto operator()(P&& from) const {
        if constexpr (How == timing::debounce)
            return debounced<P>(std::move(from), d_);
        else if constexpr (How == timing::sample)
            return sampled<P>(std::move(from), d_);
        else if constexpr (How == timing::throttle)
            return throttled<P>(std::move(from), d_);
        else
            return limited<P>(std::move(from), d_);
    }

private:
    duration d_;
};

class make_chunks {
public:
    make_chunks(std::size_t n, std::optional<duration> d) noexcept : n_(n), d_(d) {}

protected:
    std::size_t n_;
    std::optional<duration> d_;
};

class make_full_chunks : make_chunks {
public:
    explicit make_full_chunks(std::size_t n) noexcept : make_chunks(n, {}) {}
    template <class P>
    auto operator()(P&& from) const {
        return chunked<P>(std::move(from), n_);
    }
};

class make_timed_chunks : make_chunks {
public:
    make_timed_chunks(std::size_t n, duration d) noexcept : make_chunks(n, d) {}
    template <class P>
    auto operator()(P&& from) const {
        return chunked_in_time<P>(std::move(from), n_, *d_);
    }
};

}  // namespace detail

namespace streams {

/// Gives std::vectors of n values; the last one may be shorter. n below one:
/// std::invalid_argument. If the stream fails, the values before that are given first.
template <std::integral N>
auto chunks(N n) {
    auto size = static_cast<std::size_t>(detail::limit_of("chunks", n));
    return detail::stream_operator(detail::make_full_chunks(size));
}

/// The same, but gives what there is when `d` has passed since the first value of the
/// chunk; none is empty.
///
///     rows() | streams::chunks(500, 100ms) | streams::for_each(insert)
template <std::integral N, class Rep, class Period>
auto chunks(N n, std::chrono::duration<Rep, Period> d) {
    auto size = static_cast<std::size_t>(detail::limit_of("chunks", n));
    return detail::stream_operator(detail::make_timed_chunks(
        size, detail::checked_time("chunks", detail::nanoseconds(d))));
}

/// Gives a value when no other has followed it for `d`; the last one at the end of the
/// stream. The others are destroyed.
template <class Rep, class Period>
auto debounce(std::chrono::duration<Rep, Period> d) {
    return detail::stream_operator(detail::make_timed<detail::timing::debounce>(
        detail::checked_time("debounce", detail::nanoseconds(d))));
}

/// Gives values at least `d` apart: it waits before it gives one, and loses none.
template <class Rep, class Period>
auto throttle(std::chrono::duration<Rep, Period> d) {
    return detail::stream_operator(detail::make_timed<detail::timing::throttle>(
        detail::checked_time("throttle", detail::nanoseconds(d))));
}

/// Gives the latest value at each tick of a ticker of period `d`, if there is a new one.
/// The others are destroyed, and so is the one that no tick has followed at the end of
/// the stream.
template <class Rep, class Period>
auto sample(std::chrono::duration<Rep, Period> d) {
    return detail::stream_operator(detail::make_timed<detail::timing::sample>(
        detail::checked_time("sample", detail::nanoseconds(d))));
}

/// Gives the values as they come; if the stream takes longer than `d` for one, that wait
/// is cancelled, and next() throws timed_out. A frame for each value, from the pool.
template <class Rep, class Period>
auto timeout(std::chrono::duration<Rep, Period> d) {
    return detail::stream_operator(detail::make_timed<detail::timing::timeout>(
        detail::checked_time("timeout", detail::nanoseconds(d))));
}

}  // namespace streams

}  // namespace heddle
