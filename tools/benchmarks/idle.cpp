// SPDX-License-Identifier: BSL-1.0
// The memory of a silent connection: a task, an asio::awaitable and a callback each wait for the
// first byte of N connections, alone or (`_timed`) with a deadline. The clients are a process of
// their own.
#include "measure.hpp"

#include <heddle/heddle.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;
using buffer = std::array<char, 64>;

// -- a connection, in six ways; each counts the bytes that came at last ------------------

heddle::task<> task(tcp::socket s, long& bytes) {
    buffer data;
    auto n = co_await s.async_read_some(asio::buffer(data), heddle::use_task);
    bytes += static_cast<long>(n);
}

heddle::task<> task_timed(tcp::socket s, long& bytes) {
    buffer data;
    heddle::inflight reading(s.async_read_some(asio::buffer(data), heddle::deferred));
    if (co_await heddle::select(reading, heddle::after(1h)) == 0)
        bytes += static_cast<long>(reading.result());
}

asio::awaitable<void> awaitable(tcp::socket s, long& bytes) {
    buffer data;
    auto n = co_await s.async_read_some(asio::buffer(data), asio::use_awaitable);
    bytes += static_cast<long>(n);
}

asio::awaitable<void> awaitable_timed(tcp::socket s, long& bytes) {
    using namespace asio::experimental::awaitable_operators;
    buffer data;
    asio::steady_timer timer(s.get_executor(), 1h);
    auto first = co_await (s.async_read_some(asio::buffer(data), asio::use_awaitable) ||
                           timer.async_wait(asio::use_awaitable));
    if (auto* n = std::get_if<0>(&first))
        bytes += static_cast<long>(*n);
}

struct session : std::enable_shared_from_this<session> {
    session(tcp::socket s, long& b) : socket(std::move(s)), bytes(b) {}
    void start() {
        socket.async_read_some(asio::buffer(data), [self = shared_from_this()](
                                                       std::error_code, std::size_t n) {
            self->bytes += static_cast<long>(n);
            self->done();
        });
    }
    virtual void done() {}
    virtual ~session() = default;
    tcp::socket socket;
    long& bytes;
    buffer data;
};

struct session_timed final : session {
    session_timed(tcp::socket s, long& b)
        : session(std::move(s), b), timer(socket.get_executor(), 1h) {
        timer.async_wait([this](std::error_code error) {
            if (!error)
                socket.close();
        });
    }
    void done() override { timer.cancel(); }
    asio::steady_timer timer;
};

// -- the clients ------------------------------------------------------------------------

/// Another process connects N times, and sends a byte on each connection when it is told to.
class clients {
public:
    clients(const tcp::endpoint& server, long n) {
        if (::pipe(tell_) != 0)
            std::abort();
        pid_ = ::fork();
        if (pid_ != 0)
            return;
        ::close(tell_[1]);
        asio::io_context ctx;
        std::vector<tcp::socket> all;
        for (long i = 0; i < n; ++i)
            all.emplace_back(ctx).connect(server);
        char go;
        if (::read(tell_[0], &go, 1) == 1)
            for (auto& each : all)
                each.write_some(asio::buffer("x", 1));
        ::_exit(0);
    }
    void speak() { (void)!::write(tell_[1], "x", 1); }
    ~clients() {
        ::close(tell_[0]);
        ::close(tell_[1]);
        ::waitpid(pid_, nullptr, 0);
    }

private:
    int tell_[2];
    ::pid_t pid_;
};

/// Makes sure that there are descriptors for n connections, or ends the program.
void raise_limit(long n) {
    ::rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (n >= 1 && static_cast<::rlim_t>(n) + 100 <= limit.rlim_cur)
        return;
    std::fprintf(stderr,
                 "idle: N is 1 or more, and below the %lu descriptors there are\n",
                 static_cast<unsigned long>(limit.rlim_cur));
    std::exit(2);
}

/// Returns the memory that `start(socket, bytes)` takes for n connections, without that of the
/// acceptor and the event loop.
template <class Start>
result idle(long n, Start start) {
    raise_limit(n);
    asio::io_context ctx(1);
    tcp::acceptor acceptor(ctx, {asio::ip::address_v4::loopback(), 0});
    clients all(acceptor.local_endpoint(), n);
    long bytes = 0;
    start(acceptor.accept(), bytes);  // allocates what is allocated only once
    ctx.poll();
    const auto before = resident_bytes();
    for (long i = 1; i < n; ++i)
        start(acceptor.accept(), bytes);
    ctx.poll();
    const auto amount = resident_bytes() - before;
    const bool all_idle = bytes == 0;
    all.speak();
    ctx.restart();
    ctx.run();
    return {n, amount, all_idle ? bytes : -1};
}

// -- the workloads ----------------------------------------------------------------------

result run_task(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        auto ex = s.get_executor();
        heddle::go(ex, task, std::move(s), std::ref(bytes));
    });
}
result run_task_timed(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        auto ex = s.get_executor();
        heddle::go(ex, task_timed, std::move(s), std::ref(bytes));
    });
}
result run_awaitable(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        auto ex = s.get_executor();
        asio::co_spawn(ex, awaitable(std::move(s), bytes), asio::detached);
    });
}
result run_awaitable_timed(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        auto ex = s.get_executor();
        asio::co_spawn(ex, awaitable_timed(std::move(s), bytes), asio::detached);
    });
}
result run_callback(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        std::make_shared<session>(std::move(s), bytes)->start();
    });
}
result run_callback_timed(arguments a) {
    return idle(a.n, [](tcp::socket s, long& bytes) {
        std::make_shared<session_timed>(std::move(s), bytes)->start();
    });
}

const workload workloads[] = {
    {"idle_task", run_task},
    {"idle_awaitable", run_awaitable},
    {"idle_callback", run_callback},
    {"idle_task_timed", run_task_timed},
    {"idle_awaitable_timed", run_awaitable_timed},
    {"idle_callback_timed", run_callback_timed},
};

}  // namespace
