// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "reader.hpp"

#include <asio/buffer.hpp>
#include <asio/write.hpp>

#include <array>
#include <charconv>
#include <exception>
#include <type_traits>

namespace http {

// Appends the head of an answer. One without a length goes in chunks, or is for HTTP/1.0.
void append_head(std::string& to, const response& answer,
                 std::optional<std::uint64_t> length, unsigned minor, bool open);

inline tcp::socket& socket_of(tcp::socket& s) { return s; }
template <class Tls>
tcp::socket& socket_of(Tls& s) {
    return s.next_layer();
}

// This exception ends a handler whose client has gone.
struct client_left : heddle::system_error {
    using heddle::system_error::system_error;
};

// A connection from its first byte to its last, over a socket or TLS. Expected ends, as of files, are no exceptions.
template <class Stream>
class connection final : public stream {
public:
    connection(Stream peer, heddle::done_token stop, const service& s)
        : peer_(std::move(peer)), stop_(std::move(stop)), service_(s),
          limits_(s.limits) {}

    heddle::task<> converse() {
        error_code ignored;
        socket_of(peer_).set_option(tcp::no_delay(true), ignored);
        auto failed = co_await heddle::with_timeout(limits_.header, open());
        if (failed)
            co_return;
        for (bool first = true; open_; first = false) {
            int wrong = co_await receive(first ? limits_.header : limits_.idle);
            if (wrong == gone) {
                co_await heddle::timeout(100ms, end_tls());
                co_return;
            }
            try {
                co_await answer(wrong);
            } catch (const client_left&) {
                co_return;
            }
        }
        failed = co_await flush();
        if (!failed)
            co_await heddle::timeout(1s, linger());
    }

    // -- for handlers -----------------------------------------------------------------
    heddle::task<bool> begin(std::string type,
                             std::optional<std::uint64_t> length) override {
        auto alone = co_await writing_.lock();  // a status 102 may be under way
        begun_ = true;
        length_ = length;
        written_ = 0;
        open_ = open_ && !stop_.closed() && (length || minor_ > 0);
        append_head(output_, reply(200, std::move(type), ""), length, minor_, open_);
        auto failed = co_await flush();
        throw_if(failed);
        co_return !head_only_;
    }

    heddle::task<> write(std::string_view data) override {
        if (head_only_ || data.empty())
            co_return;
        char size[20] = "";
        auto end = size;
        if (chunked()) {
            end = std::to_chars(size, size + 16, data.size(), 16).ptr;
            *end++ = '\r', *end++ = '\n';
        }
        written_ += data.size();
        std::array<asio::const_buffer, 3> all{
            asio::buffer(size, static_cast<std::size_t>(end - size)),
            asio::buffer(data), asio::buffer("\r\n", chunked() ? 2 : 0)};
        auto failed = co_await write_in_time(all);
        throw_if(failed);
    }

    response end() override {
        if (!head_only_ && chunked())
            output_ += "0\r\n\r\n";
        if (!head_only_ && length_ && written_ != *length_)
            open_ = false;  // the client must not take another answer for the rest
        response done;
        done.sent = true;
        return done;
    }

private:
    using error_code = heddle::error_code;
    enum : int { gone = -1 };  // stands where a status of refusal may stand, or 0
    static constexpr std::size_t gathered = 64 << 10, copied = 4 << 10;

    static void throw_if(error_code failed) {
        if (failed)
            throw client_left(failed);
    }
    bool chunked() const { return !length_ && minor_ > 0; }

    // -- bytes ------------------------------------------------------------------------
    heddle::task<error_code> open() {
        error_code failed;
        if constexpr (!std::is_same_v<Stream, tcp::socket>) {
            auto done = co_await heddle::settle(
                peer_.async_handshake(Stream::server, heddle::use_task));
            failed = done.code();
        }
        co_return failed;
    }

    // Asio is not asked to read again after the end of the stream: it would wait for ever.
    heddle::task<error_code> read_some() {
        if (ended_)
            co_return asio::error::eof;
        auto n = co_await heddle::settle(
            peer_.async_read_some(reader_.room(), heddle::use_task));
        if (n)
            reader_.commit(*n);
        ended_ = n.code() == asio::error::eof;
        co_return n.code();
    }

    template <class Buffers>
    heddle::task<error_code> write_all(const Buffers& all) {
        auto n =
            co_await heddle::settle(asio::async_write(peer_, all, heddle::use_task));
        co_return n.code();
    }
    template <class Buffers>
    auto write_in_time(const Buffers& all) {
        return heddle::with_timeout(limits_.write, write_all(all));
    }

    // Writes the answers that wait for it, and the body of the last one if it was not copied there.
    heddle::task<error_code> flush(std::string_view body = {}) {
        std::array<asio::const_buffer, 2> all{asio::buffer(output_),
                                              asio::buffer(body)};
        error_code failed;
        if (!output_.empty())
            failed = co_await write_in_time(all);
        output_.clear();
        co_return failed;
    }

    heddle::task<> end_tls() {
        if constexpr (!std::is_same_v<Stream, tcp::socket>) {
            auto done = co_await heddle::settle(peer_.async_shutdown(heddle::use_task));
            static_cast<void>(done);
        }
        co_return;
    }
    // If a connection is closed with unread input, an answer that is under way may be lost.
    heddle::task<> linger() {
        co_await end_tls();
        error_code failed;
        socket_of(peer_).shutdown(tcp::socket::shutdown_send, failed);
        for (std::array<char, 4096> data; !failed && !ended_;) {
            auto n = co_await heddle::settle(
                socket_of(peer_).async_read_some(asio::buffer(data), heddle::use_task));
            failed = n.code();
        }
    }

    // -- requests ---------------------------------------------------------------------
    // Waits for a request. `patience`: how long for its first byte.
    heddle::task<int> receive(heddle::duration patience) {
        if (reader_.parse() == reader::idle) {
            auto failed = co_await flush();
            heddle::done_source limit(stop_, patience);
            while (!failed && reader_.parse() == reader::idle)
                failed = co_await heddle::with_done(limit.token(), read_some());
            if (failed)
                co_return gone;  // it has left, is silent, or the server stops
        }
        int wrong = co_await reach(reader::in_body, limits_.header);
        if (wrong || reader_.parse() != reader::in_body)
            co_return wrong ? wrong : reader_.status();
        if (reader_.asked().expects && !reader_.has_bytes())
            output_ += "HTTP/1.1 100 Continue\r\n\r\n";
        wrong = co_await reach(reader::complete, limits_.body);
        co_return wrong;
    }

    // Reads until a request is parsed that far.
    heddle::task<int> reach(reader::step wanted, heddle::duration limit) {
        error_code failed;
        if (reader_.parse() < wanted)
            failed = co_await heddle::with_timeout(limit, read_until(wanted));
        if (!failed)
            co_return reader_.status();
        if (failed == asio::error::eof)
            co_return 400;  // it may still wait for an answer
        bool late = failed == asio::error::operation_aborted;
        co_return late && !heddle::this_task::done().closed() ? 408 : int(gone);
    }
    heddle::task<error_code> read_until(reader::step wanted) {
        auto failed = co_await flush();
        while (!failed && reader_.parse() < wanted)
            failed = co_await read_some();
        co_return failed;
    }

    // -- answers ----------------------------------------------------------------------
    heddle::task<> answer(int wrong) {
        request asked = wrong ? reader_.asked() : reader_.take();
        minor_ = asked.minor;
        head_only_ = asked.method == "HEAD";
        open_ = !wrong && asked.keep_alive;
        begun_ = false;
        auto found = service_.endpoints.find(asked.path);
        response r;
        std::string path = "other";
        if (wrong) {
            r = service_.refuse(wrong);
        } else if (found != service_.endpoints.end()) {
            path = asked.path;
            try {
                r = co_await handle(found->second, std::move(asked));
            } catch (const client_left&) {
                throw;
            } catch (const std::exception&) {
                complain(std::current_exception());
                r = service_.refuse(500);
                open_ = false;
            }
        } else if (asked.method != "OPTIONS" || asked.path != "*") {
            r = service_.refuse(404);
        }
        open_ = open_ && (r.sent || !begun_);
        if (!r.sent && !begun_)
            co_await add(r);
        if (service_.answered)
            service_.answered(path, r.status);
    }

    heddle::task<response> handle(const endpoint& to, request asked) {
        bool head_of_get = head_only_ && to.method == "GET";
        if (asked.method != to.method && !head_of_get) {
            auto r = service_.refuse(405);
            r.allow = to.method == "GET" ? "GET, HEAD" : to.method;
            co_return r;
        }
        if (auto quick = std::get_if<0>(&to.answer))
            co_return (*quick)(asked);
        auto failed = co_await flush();  // the answers before it do not wait for it
        throw_if(failed);
        auto work = std::get<1>(to.answer)(std::move(asked), *this);
        auto r = co_await heddle::race(std::move(work), notice_leaving());
        co_return r;
    }

    // Small answers are gathered; a large body is written from where it is.
    heddle::task<> add(const response& r) {
        open_ = open_ && !stop_.closed();
        append_head(output_, r, r.body.size(), minor_, open_);
        bool large = !head_only_ && r.body.size() > copied;
        if (!head_only_ && !large)
            output_ += r.body;
        error_code failed;
        if (large || output_.size() > gathered)
            failed = co_await flush(large ? r.body : std::string_view());
        throw_if(failed);
    }

    // Throws if the client leaves; runs until the handler has ended.
    heddle::task<response> notice_leaving() {
        char next;
        if (!ended_) {
            auto more = co_await heddle::settle(socket_of(peer_).async_receive(
                asio::buffer(&next, 1), tcp::socket::message_peek, heddle::use_task));
            ended_ = more.code() == asio::error::eof;
            if (!ended_)
                throw_if(more.code());
        }
        bool may_ask = ended_ && minor_ > 0;
        for (error_code failed;;) {
            if (may_ask)
                co_await heddle::timeout(1s, wait_for_error());
            else
                co_await wait_for_error();
            socket_of(peer_).remote_endpoint(failed);
            throw_if(failed);  // the connection is gone
            socket_of(peer_).receive(asio::buffer(&next, 1),
                                     tcp::socket::message_out_of_band, failed);
            if (may_ask && !begun_)
                co_await ask();
        }
    }
    heddle::task<> wait_for_error() {
        co_await socket_of(peer_).async_wait(tcp::socket::wait_error, heddle::use_task);
    }
    // One that only has shut its sending side lets an interim answer pass; one that has left resets the connection.
    heddle::task<> ask() {
        auto alone = co_await writing_.lock();
        auto interim = asio::buffer("HTTP/1.1 102 Processing\r\n\r\n", 27);
        auto failed = co_await heddle::shield(write_in_time(interim));
        throw_if(failed);
    }

    Stream peer_;
    heddle::done_token stop_;
    const service& service_;
    time_limits limits_;
    reader reader_;
    bool ended_ = false;     // the client has shut its sending side
    std::string output_;     // answers that are not written yet
    heddle::mutex writing_;  // a stream and a status 102 do not mix

    // The request that is being answered.
    unsigned minor_ = 1;
    bool head_only_ = false;
    bool open_ = true;  // the connection is used again
    bool begun_ = false;
    std::optional<std::uint64_t> length_;
    std::uint64_t written_ = 0;
};

}  // namespace http
