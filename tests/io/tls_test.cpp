// SPDX-License-Identifier: BSL-1.0
// TLS streams: each step of their composed operations may be cancelled or completed, or
// may wait while its stream or its context ends.
#include "support/world.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using heddle::inflight;
using heddle::task;
using heddle::use_task;
using stream = asio::ssl::stream<tcp::socket>;

/// A key, and a certificate signed with it.
class identity {
public:
    identity()
        : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), cert_(X509_new(), X509_free) {
        ASN1_INTEGER_set(X509_get_serialNumber(cert_.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(cert_.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(cert_.get()), 3600);
        X509_set_pubkey(cert_.get(), key_.get());
        X509_NAME* name = X509_get_subject_name(cert_.get());
        auto* text = reinterpret_cast<const unsigned char*>("localhost");
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
        X509_set_issuer_name(cert_.get(), name);
        X509_sign(cert_.get(), key_.get(), EVP_sha256());
    }
    void give_to(asio::ssl::context& to) const {
        REQUIRE(SSL_CTX_use_certificate(to.native_handle(), cert_.get()) == 1);
        REQUIRE(SSL_CTX_use_PrivateKey(to.native_handle(), key_.get()) == 1);
    }

private:
    std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
    std::unique_ptr<X509, void (*)(X509*)> cert_;
};

struct contexts {
    contexts()
        : server(asio::ssl::context::tls_server),
          client(asio::ssl::context::tls_client) {
        identity().give_to(server);
    }
    asio::ssl::context server, client;
};

contexts& tls() {
    static contexts both;
    return both;
}

/// A TLS connection within the program, before the handshake.
struct secure {
    explicit secure(asio::io_context& ctx)
        : near(ctx, tls().server), far(ctx, tls().client) {
        tcp::acceptor acceptor(ctx, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        far.next_layer().connect(acceptor.local_endpoint());
        acceptor.accept(near.next_layer());
    }
    stream near, far;
};

task<> greet(stream& s, stream::handshake_type type) {
    co_await s.async_handshake(type, use_task);
}

task<> greet_both(secure& c) {
    auto other = heddle::go(greet, std::ref(c.far), stream::client);
    co_await c.near.async_handshake(stream::server, use_task);
    co_await other;
}

/// Runs until all tasks have ended.
void finish(test::world& world) {
    world.ctx.restart();
    world.ctx.run();
    CHECK(world.live() == 0);
}

}  // namespace

TEST_SUITE_BEGIN("tls");

TEST_CASE("handshake, read, write and shutdown are awaited like any other operation") {
    test::world world;
    secure c(world.ctx);
    std::string got;
    bool clean = false;
    world.go([&]() -> task<> {
        co_await greet_both(c);
        std::string large(100'000, 'x');
        auto reader = heddle::go(
            [](stream& s, std::string& to) -> task<> {
                to.resize(100'000);
                co_await asio::async_read(s, asio::buffer(to), use_task);
            },
            std::ref(c.near), std::ref(got));
        co_await asio::async_write(c.far, asio::buffer(large), use_task);
        co_await reader;
        auto farewell =
            heddle::go([](stream& s) -> task<> { co_await s.async_shutdown(use_task); },
                       std::ref(c.far));
        char more;
        try {
            co_await c.near.async_read_some(asio::buffer(&more, 1), use_task);
        } catch (const heddle::system_error& e) {
            clean = e.code() == asio::error::eof;  // the peer's close_notify
        }
        co_await c.near.async_shutdown(use_task);
        co_await farewell;
    });
    finish(world);
    CHECK(got == std::string(100'000, 'x'));
    CHECK(clean);
}

TEST_CASE(
    "garbage instead of a handshake is an error, and the next handshake succeeds") {
    test::world world;
    std::vector<std::string> errors;
    world.go([&]() -> task<> {
        for (std::string garbage :
             {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff\x01", ""}) {
            secure c(world.ctx);
            co_await asio::async_write(c.far.next_layer(), asio::buffer(garbage),
                                       use_task);
            c.far.next_layer().shutdown(tcp::socket::shutdown_send);
            try {
                co_await c.near.async_handshake(stream::server, use_task);
            } catch (const heddle::system_error& e) {
                errors.push_back(e.code().category().name());
            }
        }
        secure c(world.ctx);
        co_await greet_both(c);
    });
    finish(world);
    CHECK(errors.size() == 3);
    CHECK(errors.front() == asio::error::get_ssl_category().name());
}

TEST_CASE("a deadline ends a handshake whose peer is silent") {
    test::world world;
    secure c(world.ctx);
    bool late = false;
    world.go([&]() -> task<> {
        try {
            co_await heddle::with_timeout(10ms, greet(c.near, stream::server));
        } catch (const heddle::timed_out&) {
            late = true;
        }
    });
    finish(world);
    CHECK(late);
}

TEST_CASE(
    "a TLS read, a TLS write, a channel and a deadline in one select lose nothing") {
    constexpr int rounds = 300;
    test::world world;
    auto c = std::make_shared<secure>(world.ctx);
    heddle::channel<int> notes;
    long read = 0, written = 0, echoed = 0, noted = 0;
    world.go([&]() -> task<> {
        co_await greet_both(*c);
        heddle::go(
            [](heddle::sender<int> out) -> task<> {
                for (int i = 1; i <= rounds; ++i)
                    co_await out.send(i);
                out.close();
            },
            notes);
        auto peer = heddle::go(
            [](std::shared_ptr<secure> s, long& sum) -> task<> {
                std::array<char, 700> data;
                for (int i = 0; i < rounds; ++i) {
                    auto n =
                        co_await s->far.async_read_some(asio::buffer(data), use_task);
                    sum += static_cast<long>(n);
                    co_await asio::async_write(s->far, asio::buffer(data, 100),
                                               use_task);
                }
                while (sum < rounds * 100)
                    sum += static_cast<long>(
                        co_await s->far.async_read_some(asio::buffer(data), use_task));
            },
            c, std::ref(echoed));
        auto input = std::make_shared<std::array<char, 64>>();
        auto output = std::make_shared<std::array<char, 100>>();
        // One strand serves TLS: reads and writes may be in flight together.
        inflight reading(
            c->near.async_read_some(asio::buffer(*input), heddle::deferred), c, input);
        inflight writing(
            asio::async_write(c->near, asio::buffer(*output), heddle::deferred), c,
            output);
        std::optional<int> note;
        heddle::receiver<int> in = notes;
        while (read < rounds * 100 || written < rounds * 100 || in != nullptr) {
            auto i = co_await heddle::select(reading, writing, in.receive(note),
                                             heddle::after(1s));
            if (i == 0) {
                read += static_cast<long>(reading.result());
                if (read < rounds * 100)
                    reading.start(c->near.async_read_some(asio::buffer(*input),
                                                          heddle::deferred));
            } else if (i == 1) {
                written += static_cast<long>(writing.result());
                if (written < rounds * 100)
                    writing.start(asio::async_write(c->near, asio::buffer(*output),
                                                    heddle::deferred));
            } else if (i == 2) {
                noted += note.value_or(0);
                if (!note)
                    in = nullptr;
            } else {
                FAIL("stuck");
            }
        }
        co_await peer;
    });
    finish(world);
    CHECK(read == rounds * 100);
    CHECK(written == rounds * 100);
    CHECK(echoed == rounds * 100);
    CHECK(noted == rounds * (rounds + 1) / 2);
}

namespace {

enum class operation { handshake, read, write };
enum class ending { destroy, stop, done, context, peer_resets };

/// A task with a TLS operation in flight, and the end that the task saw.
struct scene {
    explicit scene(asio::io_context& ctx) : both(std::make_shared<secure>(ctx)) {}
    std::shared_ptr<secure> both;
    heddle::channel<> finale;
    bool ended = false;
};

task<> act(scene& s, operation what, ending how) {
    auto c = s.both;
    auto buffer = std::make_shared<std::vector<char>>(40'000);
    auto part = [](auto op, scene& sc, ending e, auto... keep) -> task<> {
        inflight flying(std::move(op), keep...);
        for (bool told = false; !told && !flying.has_result();)
            told = co_await heddle::select(flying, sc.finale.receive()) == 1;
        if (e == ending::stop)
            co_await flying.stop();
        if (flying.has_result()) {
            try {
                flying.result();
            } catch (const heddle::system_error&) {
            }
        }
        sc.ended = true;
    };
    if (what == operation::handshake)
        co_await part(c->near.async_handshake(stream::server, heddle::deferred), s, how,
                      c);
    else if (what == operation::read)
        co_await part(
            asio::async_read(c->near, asio::buffer(*buffer), heddle::deferred), s, how,
            c, buffer);
    else
        co_await part(
            asio::async_write(c->near, asio::buffer(*buffer), heddle::deferred), s, how,
            c, buffer);
}

/// The peer does its part, so that the operation has steps to make.
task<> assist(std::shared_ptr<secure> c, operation what) {
    std::vector<char> data(40'000);
    try {
        if (what == operation::handshake)
            co_await c->far.async_handshake(stream::client, use_task);
        else if (what == operation::read)
            co_await asio::async_write(c->far, asio::buffer(data), use_task);
        else
            co_await asio::async_read(c->far, asio::buffer(data), use_task);
    } catch (const heddle::system_error&) {
        // The other side is gone.
    }
}

/// Ends the operation after some steps of the event loop. Returns whether it had
/// completed by itself before.
bool end_after(int steps, operation what, ending how) {
    auto world = std::make_unique<test::world>();
    scene s(world->ctx);
    std::weak_ptr<secure> watch = s.both;
    if (what != operation::handshake) {
        world->go(greet_both, std::ref(*s.both));
        finish(*world);
    }
    auto h = world->go(act, std::ref(s), what, how);
    auto helper = world->go(assist, s.both, what);
    world->ctx.restart();
    for (int i = 0; i < steps && !s.ended; ++i)
        world->ctx.run_one_for(1s);
    bool by_itself = s.ended;
    if (how == ending::context) {
        s.both.reset();
        world.reset();
    } else {
        if (how == ending::done)
            h.cancel();
        else if (how == ending::peer_resets) {
            s.both->far.next_layer().set_option(asio::socket_base::linger(true, 0));
            s.both->far.next_layer().close();
        } else {
            s.finale.close();
        }
        if (how != ending::peer_resets)
            helper.cancel();
        finish(*world);
        CHECK((s.ended || how == ending::done));
        s.both.reset();
    }
    h = {};
    helper = {};
    CHECK(watch.expired());  // in every order, it was kept while needed and is gone now
    return by_itself;
}

}  // namespace

TEST_CASE("an operation leaves nothing behind if it is destroyed, stopped, cancelled, "
          "reset, or left by its context at any step") {
    for (operation what : {operation::handshake, operation::read, operation::write})
        for (ending how : {ending::destroy, ending::stop, ending::done, ending::context,
                           ending::peer_resets}) {
            CAPTURE(static_cast<int>(what));
            CAPTURE(static_cast<int>(how));
            bool completed = false;
            for (int steps = 0; !completed && steps < 400; ++steps)
                completed = end_after(steps, what, how);
            CHECK(completed);  // so every step before that was tried
        }
}

TEST_SUITE_END();
