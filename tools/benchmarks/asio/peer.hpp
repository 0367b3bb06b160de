// SPDX-License-Identifier: BSL-1.0
// Asio as its users write it, or, with TUNED, as it is written for speed: concrete executors
// instead of any_io_executor, a try_ before each wait, no locks in the scheduler where there
// is one thread. With THREADS the channels are those that several threads may use.
#pragma once

#include "../measure.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION >= 102400
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#endif

#include <cstddef>
#include <exception>
#include <memory>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#if ASIO_VERSION >= 102400
using asio::as_tuple;
using asio::deferred;
#else
using asio::experimental::as_tuple;
using asio::experimental::deferred;
#endif

#if TUNED
using executor = asio::io_context::executor_type;
#else
using executor = asio::any_io_executor;
#endif
template <class T = void>
using awaitable = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_awaitable;

#if THREADS
template <class T>
using channel_of =
    asio::experimental::concurrent_channel<executor, void(asio::error_code, T)>;
#else
template <class T>
using channel_of = asio::experimental::channel<executor, void(asio::error_code, T)>;
#endif
/// A channel is shared by the coroutines that use it, as it must outlive the last call of each.
template <class T>
using channel = std::shared_ptr<channel_of<T>>;

template <class T>
channel<T> make_channel(asio::io_context& io, std::size_t capacity = 0) {
    return std::make_shared<channel_of<T>>(io.get_executor(), capacity);
}

/// The result of a receive: an error if the channel is closed and drained.
template <class T>
using received = std::tuple<asio::error_code, T>;

/// Returns the executor of a new coroutine: with several threads a strand of its own, unless tuned,
/// as a coroutine does one thing at a time anyway, and only channels are shared.
inline executor home(asio::io_context& io) {
#if THREADS && !TUNED
    return asio::make_strand(io);
#else
    return io.get_executor();
#endif
}

inline void go(asio::io_context& io, awaitable<> work) {
    asio::co_spawn(home(io), std::move(work), asio::detached);
}

template <class T>
bool try_send([[maybe_unused]] const channel<T>& c, [[maybe_unused]] T value) {
#if TUNED
    return c->try_send(asio::error_code(), value);
#else
    return false;
#endif
}

template <class T>
bool try_receive([[maybe_unused]] const channel<T>& c,
                 [[maybe_unused]] received<T>& to) {
#if TUNED
    return c->try_receive([&](asio::error_code e, T value) { to = {e, value}; });
#else
    return false;
#endif
}

/// Runs a workload, which is itself a coroutine, until it ends.
template <auto work>
result run(arguments a) {
#if TUNED && !THREADS
    asio::io_context io(ASIO_CONCURRENCY_HINT_UNSAFE);
#else
    asio::io_context io(static_cast<int>(a.threads));
#endif
    result r{};
    asio::co_spawn(home(io), work(io, a), [&](std::exception_ptr error, result value) {
        if (error)
            std::rethrow_exception(error);
        r = value;
        io.stop();
    });
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < a.threads; ++i)
        others.emplace_back([&] { io.run(); });
    io.run();
    return r;
}
