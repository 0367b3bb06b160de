// SPDX-License-Identifier: BSL-1.0
// A connection in memory, for deterministic tests of code that reads and writes
// sockets.
#pragma once

#include <heddle/asio.hpp>
#include <heddle/go.hpp>

#include HEDDLE_ASIO(buffer.hpp)

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT::testing {

/// The faults of the data that one end of a connection sends.
struct stream_faults {
    /// At most that many bytes are taken by each write, and given to each read of the
    /// peer.
    std::size_t write_at_most = static_cast<std::size_t>(-1);
    std::size_t read_at_most = static_cast<std::size_t>(-1);

    /// Each write and read moves from one byte to all it could: chosen by the seed of
    /// the world, or by its explorer.
    bool vary = false;

    /// Each operation takes that long, in the time of the world.
    any_duration delay = {};

    /// After that many bytes the peer reads the end; or its connection is reset, and
    /// what it had not read is lost.
    std::optional<std::size_t> end_after = {};
    std::optional<std::size_t> reset_after = {};

    /// So many bytes may be written and not yet read; further writes wait.
    std::size_t window = 65536;
};

namespace detail_stream {

class pipe;
HEDDLE_API std::shared_ptr<pipe> make_pipe(stream_faults);

using result = std::pair<error_code, std::size_t>;
HEDDLE_API task<result> read(std::shared_ptr<pipe> from, char* to, std::size_t n);
HEDDLE_API task<result> write(std::shared_ptr<pipe> to, const char* from,
                              std::size_t n);
HEDDLE_API void end(pipe&) noexcept;      // the writer has closed
HEDDLE_API void abandon(pipe&) noexcept;  // the reader has
HEDDLE_API void reset(pipe&) noexcept;

}  // namespace detail_stream

/// One end of a connection in memory: an AsyncReadStream and AsyncWriteStream, for code
/// that takes a socket as a template parameter.
///
///     heddle::testing::world world;
///     auto [client, server] = heddle::testing::stream::pair(world.context(), {.vary = true});
///     world.go(session<heddle::testing::stream>, std::move(server));
///     ... co_await asio::async_write(client, asio::buffer("GET / HTTP/1.1\r\n"), use_task);
///
/// Any completion token will do. One read and one write at a time for each end, as with
/// a socket. An operation is a task of the executor: it waits in the world's time, is
/// explored with the rest, and stands in its dumps.
///
/// Threads   as a socket: one at a time, on the executor.
/// Cancel    terminal cancellation: asio::error::operation_aborted, and no byte has
///           moved.
/// Lifetime  the buffers outlive the operation, the stream need not. Destroying closes.
/// Errors    asio::error::eof when the peer has closed and all is read;
///           connection_reset, broken_pipe for a write to a peer that has closed;
///           bad_descriptor after close().
class stream {
public:
    using executor_type = asio::any_io_executor;

    /// Two ends; the faults of the data that the first sends, and of those that the
    /// second sends.
    template <class Context>
    static std::pair<stream, stream> pair(Context& context, stream_faults first = {},
                                          stream_faults second = {}) {
        auto there = detail_stream::make_pipe(first),
             back = detail_stream::make_pipe(second);
        executor_type ex = context.get_executor();
        return {stream(ex, back, there), stream(ex, there, back)};
    }

    stream(stream&&) noexcept = default;
    stream& operator=(stream&& o) noexcept {
        std::swap(executor_, o.executor_);
        std::swap(in_, o.in_);
        std::swap(out_, o.out_);
        return *this;
    }
    ~stream() { close(); }

    executor_type get_executor() const noexcept { return executor_; }
    bool is_open() const noexcept { return in_ != nullptr; }

    /// The peer reads what was written, and then the end. Operations of this end are
    /// aborted.
    void close() noexcept {
        if (!is_open())
            return;
        detail_stream::end(*out_);
        detail_stream::abandon(*in_);
        in_ = out_ = nullptr;
    }

    /// Both directions end with connection_reset; what was not read is lost.
    void reset() noexcept {
        if (!is_open())
            return;
        detail_stream::reset(*out_);
        detail_stream::reset(*in_);
        in_ = out_ = nullptr;
    }

    template <class Buffers,
              asio::completion_token_for<void(error_code, std::size_t)> Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        asio::mutable_buffer to;
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers) && to.size() == 0; ++at)
            to = *at;
        return start(in_, std::forward<Token>(token),
                     [in = in_, to]() -> task<detail_stream::result> {
                         return detail_stream::read(in, static_cast<char*>(to.data()),
                                                    to.size());
                     });
    }

    template <class Buffers,
              asio::completion_token_for<void(error_code, std::size_t)> Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        asio::const_buffer from;
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers) && from.size() == 0; ++at)
            from = *at;
        return start(out_, std::forward<Token>(token),
                     [out = out_, from]() -> task<detail_stream::result> {
                         return detail_stream::write(
                             out, static_cast<const char*>(from.data()), from.size());
                     });
    }

private:
    stream(executor_type ex, std::shared_ptr<detail_stream::pipe> in,
           std::shared_ptr<detail_stream::pipe> out)
        : executor_(std::move(ex)), in_(std::move(in)), out_(std::move(out)) {}

    template <class Token, class Operation>
    auto start(const std::shared_ptr<detail_stream::pipe>& open, Token&& token,
               Operation operation) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [](auto handler, executor_type ex, bool is_open, Operation op) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                auto running = std::make_shared<join_handle<>>();
                std::weak_ptr<join_handle<>> still = running;
                *running =
                    heddle::go(ex, perform<decltype(handler), Operation>, running,
                               std::move(handler), ex, is_open, std::move(op));
                if (slot.is_connected())
                    slot.assign([still](asio::cancellation_type_t type) {
                        auto terminal = type & asio::cancellation_type::terminal;
                        auto handle = still.lock();
                        if (handle && terminal != asio::cancellation_type::none)
                            handle->cancel();
                    });
            },
            token, executor_, open != nullptr, std::move(operation));
    }

    /// The handler is posted, whatever happened; it holds work until then. `self` is
    /// its own handle: kept here, so that a slot that outlives the operation keeps
    /// nothing alive.
    template <class Handler, class Operation>
    static task<> perform([[maybe_unused]] std::shared_ptr<join_handle<>> self,
                          Handler handler, executor_type ex, bool is_open,
                          Operation operation) {
        auto there = asio::get_associated_executor(handler, ex);
        auto work = asio::prefer(there, asio::execution::outstanding_work.tracked);
        detail_stream::result result(asio::error::bad_descriptor, 0);
        try {
            if (is_open)
                result = co_await operation();
            else
                co_await yield();
        } catch (const cancelled&) {
            result = {asio::error::operation_aborted, 0};
        }
        asio::post(there,
                   [h = std::move(handler), w = std::move(work), result]() mutable {
                       std::move(h)(result.first, result.second);
                   });
    }

    executor_type executor_;
    std::shared_ptr<detail_stream::pipe> in_, out_;
};

}  // namespace heddle::testing
