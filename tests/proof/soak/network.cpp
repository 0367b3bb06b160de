// SPDX-License-Identifier: BSL-1.0
// Soak test of a service. Clients connect, stall, disappear and come again, while
// another thread closes and reopens the done tokens above their sessions. After each
// round, and at the end, no message is lost or doubled, and no task, no descriptor and
// no memory is left.
// Usage: network SECONDS [SEED]
#include <heddle/heddle.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>

#include "support/heap.hpp"
#include "support/joined_thread.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_set>

using asio::ip::tcp;
using heddle::task;
using heddle::use_task;
using namespace std::chrono_literals;

namespace {

struct counters {
    std::atomic<long> sessions, regions, generations, stalled, cut, sent, received,
        doubled, acknowledged, refused, unknown;
};
counters count;

/// The middle of the token tree, between a generation of the server and its sessions.
/// One thread closes the regions, another one makes sessions join them.
class regions {
public:
    void open(const heddle::done_token& generation) {
        std::lock_guard g(lock_);
        parent_ = generation;
        for (auto& each : all_)
            each = heddle::done_source(parent_);
    }
    void reopen(std::size_t i) {
        std::lock_guard g(lock_);
        all_[i % all_.size()] = heddle::done_source(parent_);  // the old source closes
        ++count.regions;
    }
    heddle::done_token join() {
        std::lock_guard g(lock_);
        return all_[next_++ % all_.size()].token();
    }

private:
    std::mutex lock_;
    std::array<heddle::done_source, 3> all_;
    heddle::done_token parent_;
    std::size_t next_ = 0;
};

// -- the service, on a thread of its own ----------------------------------------------

/// Owns the state of the service: which messages have arrived.
task<> own(heddle::receiver<long> messages, std::unordered_set<long>& all) {
    while (auto id = co_await messages.receive()) {
        ++count.received;
        count.doubled += !all.insert(*id).second;
    }
}

struct connection {
    explicit connection(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::string input;
};

/// Reads with an operation that stays in flight while the session checks its region.
task<> talk(std::shared_ptr<connection> c, heddle::sender<long> hub) {
    auto read = [&c] {
        return asio::async_read_until(c->socket, asio::dynamic_buffer(c->input, 64),
                                      '\n', heddle::deferred);
    };
    for (heddle::inflight reading(read(), c);;) {
        auto region = heddle::this_task::done();
        switch (co_await heddle::select(reading, region, heddle::after(50ms))) {
        case 0: {
            auto n = reading.result();
            long id = std::strtol(c->input.c_str(), nullptr, 10);
            auto answer = std::make_shared<std::string>(c->input.substr(0, n));
            c->input.erase(0, n);
            co_await hub.send(id);
            ++count.sent;
            co_await asio::async_write(c->socket, asio::buffer(*answer), use_task);
            reading.start(read());
            break;
        }
        case 1:
            ++count.cut;
            co_return;
        case 2:
            ++count.stalled;
            co_return;
        }
    }
}

task<> session(tcp::socket s, regions& tree, heddle::sender<long> hub) {
    ++count.sessions;
    auto c = std::make_shared<connection>(std::move(s));
    try {
        co_await heddle::with_done(tree.join(), talk(c, hub));
    } catch (const heddle::system_error&) {
        // The client has disappeared, or left.
    } catch (const heddle::cancelled&) {
        ++count.cut;
    }
}

/// Opens the server, which is closed and opened again, until `over`.
task<> serve_generations(tcp::endpoint where, heddle::done_token over, regions& tree,
                         heddle::sender<long> hub, unsigned seed) {
    std::minstd_rand random(seed);
    while (!over.closed()) {
        ++count.generations;
        heddle::done_source generation(over, (20 + random() % 200) * 1ms);
        tree.open(generation.token());
        tcp::acceptor acceptor(heddle::this_task::executor(), where);
        auto body = [&tree, hub](tcp::socket s) {
            return session(std::move(s), tree, hub);
        };
        heddle::serve_options options{.sessions = 16, .grace = 10ms};
        co_await heddle::serve(std::move(acceptor), generation.token(), body, options);
    }
    hub.close();
}

// -- the clients, on the main thread ---------------------------------------------------

struct crowd {
    tcp::endpoint server;
    regions& tree;
    std::minstd_rand random;
    long next_id = 0;
    std::unordered_set<long> acknowledged;
};

/// Waits for the answer. Returns false if another answer came.
task<bool> hear(tcp::socket& s, std::string& input, std::string wanted) {
    auto n =
        co_await asio::async_read_until(s, asio::dynamic_buffer(input), '\n', use_task);
    bool good = input.substr(0, n) == wanted;
    input.erase(0, n);
    co_return good;
}

task<> say(tcp::socket& s, crowd& all, int messages) {
    std::string input;
    for (int i = 0; i < messages; ++i) {
        long id = ++all.next_id;
        auto line = std::to_string(id) + '\n';
        co_await asio::async_write(s, asio::buffer(line), use_task);
        bool good = co_await hear(s, input, line);
        count.unknown += !good;
        all.acknowledged.insert(id);
        ++count.acknowledged;
    }
}

task<> visit(crowd& all, unsigned long how) {
    tcp::socket s(heddle::this_task::executor());
    co_await s.async_connect(all.server, use_task);
    auto half = std::to_string(++all.next_id);  // half of a line
    switch (how % 6) {
    case 0:  // sends everything, and leaves
    case 1:
        co_await say(s, all, 1 + static_cast<int>(all.random() % 20));
        break;
    case 2:  // sends half a line, and is silent
        co_await asio::async_write(s, asio::buffer(half), use_task);
        co_await heddle::sleep(70ms);
        break;
    case 3:  // disappears in the middle
        co_await say(s, all, 2);
        co_await asio::async_write(s, asio::buffer(half + '\n'), use_task);
        s.set_option(asio::socket_base::linger(true, 0));
        break;
    case 4:  // is silent, and waits for the end
        s.shutdown(tcp::socket::shutdown_send);
        co_await hear(s, half, "");
        break;
    case 5:  // sends too long a line
        co_await asio::async_write(s, asio::buffer(std::string(100, 'x')), use_task);
        co_await hear(s, half, "");
    }
}

task<> come_and_go(crowd& all, heddle::done_token over) {
    while (!over.closed()) {
        bool refused = false;
        try {
            co_await heddle::with_timeout(100ms, visit(all, all.random() / 7));
        } catch (const heddle::system_error& e) {
            refused = e.code() == asio::error::connection_refused;
        } catch (const heddle::timed_out&) {
            // The server is full.
        }
        count.refused += refused;
        if (refused)
            co_await heddle::sleep(5ms);
    }
}

task<> close_regions(crowd& all, heddle::done_token over) {
    while (!over.closed()) {
        co_await heddle::sleep((1 + all.random() % 30) * 1ms);
        all.tree.reopen(all.random());
    }
}

/// Runs clients for a while. Returns when the last one has left.
task<> clients(crowd& all, heddle::duration length) {
    heddle::done_source over({}, length);
    heddle::group crowd_group;
    for (int i = 0; i < 24; ++i)
        crowd_group.go(come_and_go, std::ref(all), over.token());
    crowd_group.go(close_regions, std::ref(all), over.token());
    co_await crowd_group.wait();
}

// -- the resources that must not grow
// ------------------------------------------------------

long descriptors() {
    long n = 0;
    for (auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
        n += !each.path().empty();
    return n;
}

int failures = 0;
void expect(bool good, const std::string& what) {
    failures += !good;
    if (!good)
        std::cerr << "FAILED: " << what << std::endl;
}

/// A server that lives as long as its clients come.
void round(asio::io_context& ctx, tcp::endpoint where, unsigned seed,
           heddle::duration length, long& first_id) {
    regions tree;
    heddle::channel<long> hub(4);
    std::unordered_set<long> arrived;
    heddle::done_source over;
    auto server = heddle::go(ctx, serve_generations, where, over.token(),
                             std::ref(tree), hub, seed);
    auto owner = heddle::go(ctx, own, hub, std::ref(arrived));
    crowd all{where, tree, std::minstd_rand(seed), first_id, {}};
    heddle::run({.threads = 1}, clients(all, length));
    over.close();
    server.async_join(ctx, asio::use_future).get();
    owner.async_join(ctx, asio::use_future).get();
    first_id = all.next_id;
    for (long id : all.acknowledged)
        expect(arrived.contains(id), "message " + std::to_string(id) +
                                         " was acknowledged "
                                         "and has not arrived");
}

}  // namespace

int main(int argc, char** argv) {
    int seconds = argc > 1 ? std::atoi(argv[1]) : 0;
    unsigned seed =
        argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : std::random_device()();
    if (seconds < 1) {
        std::cerr << "usage: network SECONDS [SEED]\n";
        return 2;
    }
    std::cout << "seed " << seed << std::endl;
    asio::io_context ctx;
    auto work = asio::make_work_guard(ctx);
    test::joined_thread server([&] { ctx.run(); });
    auto where = [&] {
        tcp::acceptor any(ctx, {asio::ip::address_v4::loopback(), 0});
        return any.local_endpoint();
    }();
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    long id = 0, open = 0;
    std::size_t used = 0;
    for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
        round(ctx, where, seed + static_cast<unsigned>(i), 700ms, id);
        while (heddle::live_tasks(ctx) != 0)
            std::this_thread::yield();  // lets the rest end
        if (i == 1) {  // everything that is made only once has been made
            open = descriptors();
            used = test::heap_in_use();
        } else if (i > 1) {
            expect(descriptors() == open, "descriptors: " + std::to_string(open) +
                                              " became " +
                                              std::to_string(descriptors()));
            auto now = test::heap_in_use();
            expect(now < used + (256 << 10), "memory: " + std::to_string(used) +
                                                 " became " + std::to_string(now));
        }
    }
    expect(open != 0, "it took too long for two rounds");
    expect(count.sent == count.received, "not all that was sent was received");
    expect(count.doubled == 0, "messages arrived twice");
    expect(count.unknown == 0, "answers to what nobody said");
    expect(count.acknowledged > 100 && count.cut > 5 && count.stalled > 5 &&
               count.refused > 0,
           "not enough happened");
    std::cout << count.sessions << " sessions in " << count.generations
              << " generations, " << count.regions << " tokens closed between, "
              << count.cut << " sessions cut, " << count.stalled << " stalled, "
              << count.refused << " refused\n"
              << count.sent << " messages sent, " << count.received << " received, "
              << count.acknowledged << " acknowledged; " << open << " descriptors, "
              << test::heap_in_use() << " bytes at the end, " << used
              << " after two rounds\n";
    work.reset();
    return failures != 0;
}
