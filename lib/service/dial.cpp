// SPDX-License-Identifier: BSL-1.0
#include <heddle/dial.hpp>

#include "platform/port.hpp"

#include <heddle/asio.hpp>
#include <heddle/channel.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/resilience/hedge.hpp>
#include <heddle/settle.hpp>
#include <heddle/this_task.hpp>

#include HEDDLE_ASIO(io_context.hpp)

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace {

using asio::ip::tcp;
using endpoints = std::vector<tcp::endpoint>;

/// A lookup that waits for a thread, or runs.
class lookup {
public:
    lookup(std::string h, std::string s, promise<endpoints> p) noexcept
        : host_(std::move(h)), service_(std::move(s)), to_(std::move(p)) {}
    lookup(lookup&&) noexcept = default;

    void run() noexcept {
        try {
            asio::io_context unused(1);
            tcp::resolver resolver(unused);
            error_code error;
            auto found = resolver.resolve(host_, service_, error);
            if (error)
                throw system_error(error, "heddle: resolve " + host_ + ":" + service_);
            endpoints all;
            for (auto& each : found)
                all.push_back(each.endpoint());
            to_.set(std::move(all));
        } catch (...) {
            fail(std::current_exception());
        }
    }

private:
    void fail(std::exception_ptr why) noexcept {
        try {
            to_.fail(std::move(why));
        } catch (...) {  // the promise says that it was dropped
        }
    }

    std::string host_, service_;
    promise<endpoints> to_;
};

/// The threads of this process that look names up. They end with it.
class lookups {
public:
    static constexpr int most = 16;

    /// From this channel they take lookups.
    static channel<lookup> jobs() {
        auto made = std::make_unique<channel<lookup>>();  // for ever, as the threads
        detail::guard g(lock);
        if (!current)
            current = made.release();
        return *current;
    }

    /// Starts one more, unless there are so many.
    static void start_one() {
        {
            detail::guard g(lock);
            if (threads == most)
                return;
            ++threads;
        }
        try {
            std::thread(look_up, jobs()).detach();
        } catch (...) {
            detail::guard g(lock);
            if (--threads == 0)
                throw;  // otherwise the others do it
        }
    }

    // The child of a fork has none of these threads.
    static void before_fork() noexcept { lock.lock(); }
    static void in_parent() noexcept { lock.unlock(); }
    static void in_child() noexcept {
        current = nullptr;
        threads = 0;
        lock.unlock();
    }

private:
    static void look_up(receiver<lookup> jobs) {
        while (auto job = jobs.receive_blocking())
            job->run();
    }

    static inline detail::spin_lock lock;
    // Guarded by lock:
    static inline channel<lookup>* current = nullptr;
    static inline int threads = 0;
};

[[maybe_unused]] const bool forgets =
    detail::port::at_fork(lookups::before_fork, lookups::in_parent, lookups::in_child);

/// The number that the text is, if it is one: of any size, which the system does not check.
std::optional<unsigned long> number_in(const std::string& text) noexcept {
    unsigned long n = 0;
    const char* end = text.data() + text.size();
    auto [last, error] = std::from_chars(text.data(), end, n);
    if (last != end || text.empty() || error == std::errc::invalid_argument)
        return {};
    return error == std::errc() ? n : ~0ul;
}

task<endpoints> look_up(std::string host, std::string service) {
    // Work of the context, as nothing else there can end the wait.
    auto work =
        asio::prefer(this_task::executor(), asio::execution::outstanding_work.tracked);
    oneshot<endpoints> found;
    std::optional<lookup> job(std::in_place, std::move(host), std::move(service),
                              std::move(found.promise));
    sender<lookup> to = lookups::jobs();
    if (to.try_send(std::move(*job)) != try_status::done) {
        lookups::start_one();
        co_await to.send(std::move(*job));
    }
    job.reset();
    co_return co_await found.future.get();
}

/// The addresses in turn of their families, beginning with that of the first.
endpoints in_turn(const endpoints& all) {
    endpoints first, second, mixed;
    for (auto& each : all)
        (each.protocol() == all.front().protocol() ? first : second).push_back(each);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size())
            mixed.push_back(first[i]);
        if (i < second.size())
            mixed.push_back(second[i]);
    }
    return mixed;
}

std::string text_of(const tcp::endpoint& there) {
    std::string address = there.address().to_string();
    if (there.address().is_v6())
        address = "[" + address + "]";
    return address + ":" + std::to_string(there.port());
}

/// How an attempt has failed, if it has. Each attempt writes its own; dial() reads them
/// when all have ended.
struct failure {
    tcp::endpoint there;
    error_code code;
};
using failures = std::vector<failure>;

task<tcp::socket> attempt(std::shared_ptr<failures> all, std::size_t i) {
    tcp::socket socket(this_task::executor());
    auto connected = co_await settle(socket.async_connect((*all)[i].there, use_task));
    (*all)[i].code = connected.code();
    connected.value();  // throws
    co_return socket;
}

[[noreturn]] void throw_no_answer(const std::string& name, const failures& all) {
    std::string said = "heddle: dial " + name;
    for (auto& each : all)
        said += (&each == all.data() ? ": " : "; ") + text_of(each.there) + ": " +
                each.code.message();
    throw system_error(all.front().code, said);
}

task<tcp::socket> dial_by(std::string host, std::string service, duration delay) {
    std::string name = host + ":" + service;
    endpoints found = co_await resolve(std::move(host), std::move(service));
    auto all = std::make_shared<failures>();
    for (auto& each : in_turn(found))
        all->push_back({each, {}});
    std::vector<task<tcp::socket>> tries;
    for (std::size_t i = 0; i < all->size(); ++i)
        tries.push_back(attempt(all, i));
    auto socket = co_await settle(hedge(delay, std::move(tries)));
    if (socket)
        co_return std::move(*socket);
    if (!std::ranges::all_of(*all, [](auto& each) { return bool(each.code); }))
        socket.value();  // throws: it was no connection that failed
    throw_no_answer(name, *all);
}

}  // namespace

task<endpoints> resolve(std::string host, std::string service) {
    auto port = number_in(service);
    if (port > 0xFFFF)
        throw system_error(asio::error::service_not_found,
                           "heddle: resolve " + host + ":" + service);
    error_code no_number;
    auto address = asio::ip::make_address(host, no_number);
    if (no_number || !port)
        co_return co_await look_up(std::move(host), std::move(service));
    endpoints one;
    one.emplace_back(address, static_cast<std::uint16_t>(*port));
    co_return one;
}

task<tcp::socket> dial(std::string host, std::string service, dial_options options) {
    if (options.attempt_delay < duration::zero())
        throw std::invalid_argument(
            "heddle: dial_options: attempt_delay is below zero");
    return dial_by(std::move(host), std::move(service), options.attempt_delay);
}

}  // namespace heddle
