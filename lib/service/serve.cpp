// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/context/host_executor.hpp>
#include <heddle/detail/core/failures.hpp>
#include <heddle/serve.hpp>

#include "platform/port.hpp"

#include HEDDLE_ASIO(bind_executor.hpp)
#include HEDDLE_ASIO(signal_set.hpp)
#include HEDDLE_ASIO(system_executor.hpp)

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {
namespace detail {

counted<children> make_sessions(const serve_options& options) {
    if (options.sessions < 1)
        throw std::invalid_argument("heddle: serve: serve_options::sessions is " +
                                    std::to_string(options.sessions) +
                                    ": it must let 1 session or more run");
    if (options.sessions_per_peer < 1)
        throw std::invalid_argument(
            "heddle: serve: serve_options::sessions_per_peer is " +
            std::to_string(options.sessions_per_peer) +
            ": it must let 1 session or more run");
    return counted<children>::adopt(
        new children("the sessions of a server",
                     "the end of a session: no more may run", options.sessions));
}

class sessions_by_peer {
    using peers = std::map<asio::ip::address, std::ptrdiff_t>;

public:
    /// Returns false if the address has `limit` sessions.
    bool enter(const asio::ip::address& a, std::ptrdiff_t limit) {
        peers made{{a, 1}};  // memory is taken, and given back, without the lock
        guard g(lock_);
        auto at = running_.find(a);
        if (at == running_.end()) {
            running_.merge(made);
            return true;
        }
        if (at->second >= limit)
            return false;
        ++at->second;
        return true;
    }
    void leave(const asio::ip::address& a) noexcept {
        peers::node_type last;
        guard g(lock_);
        auto at = running_.find(a);
        if (--at->second == 0)
            last = running_.extract(at);
    }

private:
    spin_lock lock_;
    peers running_;  // guarded by lock_
};

std::shared_ptr<sessions_by_peer> limit_by_peer(const serve_options& options) {
    if (options.sessions_per_peer >= options.sessions)
        return nullptr;
    return std::make_shared<sessions_by_peer>();
}

bool session_place::enter(const std::shared_ptr<sessions_by_peer>& peers,
                          const asio::ip::address& address,
                          const serve_options& options) {
    asio::ip::address one = address;  // an IPv4 address has another form on IPv6
    if (one.is_v6() && one.to_v6().is_v4_mapped())
        one = asio::ip::make_address_v4(asio::ip::v4_mapped, one.to_v6());
    if (!peers->enter(one, options.sessions_per_peer))
        return false;
    peers_ = peers;
    address_ = one;
    return true;
}

void session_place::started(const serve_options& options) noexcept {
    metrics_ = options.metrics;
    if (!metrics_)
        return;
    metrics_->add(&serve_counts::sessions);
    metrics_->add(&serve_counts::running);
}

void session_place::leave() noexcept {
    if (peers_)
        peers_->leave(address_);
    if (metrics_)
        metrics_->ended();
}

void became_full(const serve_options& options) {
    if (options.metrics)
        options.metrics->add(&serve_counts::full);
    if (options.on_full)
        options.on_full();
}

void refused(const serve_options& options, bool by_peer) noexcept {
    if (options.metrics)
        options.metrics->add(by_peer ? &serve_counts::refused_peers
                                     : &serve_counts::refused);
}

duration pause_after(error_code error, const serve_options& options) {
    bool of_system = error.category() == asio::error::get_system_category() ||
                     error.category() == std::system_category();
    if (!of_system)
        throw system_error(error, "accept");
    switch (port::kind_of_accept_error(error.value())) {
    case port::accept_error::of_connection:
        return {};
    case port::accept_error::of_resources:
        if (options.metrics)
            options.metrics->add(&serve_counts::failed);
        if (options.on_error)
            options.on_error(failure_of<system_error>(error, "accept"));
        // At once it would fail at once, four million times a second.
        return std::chrono::milliseconds(100);
    case port::accept_error::other:
        break;
    }
    throw system_error(error, "accept");
}

namespace {

task<> run_session([[maybe_unused]] child self, [[maybe_unused]] session_place place,
                   task<> work, void (*on_error)(std::exception_ptr)) {
    std::exception_ptr failure;
    try {
        co_await std::move(work);
    } catch (const cancelled& c) {
        const process& here = host::current_process();
        if (here.closed() || c.thrown_in() == here.id)
            throw;  // a normal end
        failure = std::current_exception();
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure)
        co_return;
    if (!on_error)
        std::rethrow_exception(std::move(failure));
    on_error(std::move(failure));
}

}  // namespace

void start_session(child self, session_place place, task<> work,
                   const serve_options& options, const void* at) {
    done_node* node = &self.core().node();
    place.started(options);
    (void)start(running_host(),
                run_session(std::move(self), std::move(place), std::move(work),
                            options.on_error),
                node, at);
}

task<> end_sessions(counted<children> sessions, done_token stop, any_duration grace) {
    try {
        if (!sessions->node().closed())
            co_await select(wait_op(*sessions), after(grace));
    } catch (const cancelled&) {  // the next wait throws it, too
    }
    sessions->node().close(stop.cause());
    co_await wait_for_children(sessions);
}

}  // namespace detail

signal_received::signal_received(int number)
    : std::runtime_error("heddle: signal " + std::to_string(number)), number_(number) {}

struct signals::state {
    explicit state(const detail::counted<detail::host>& home)
        : set(asio::any_io_executor(detail::host_executor(home))) {}

    asio::signal_set set;
    void leave(later then) noexcept {
        error_code ignored;
        if (then == later::all_end)
            set.clear(ignored);
        else if (then == later::interrupt_ends)
            set.remove(detail::port::interrupt_signal(), ignored);
    }

    done_source source;
    // By signal. They are made before: when a signal comes there may be no memory.
    std::vector<std::pair<int, std::exception_ptr>> causes;
};

signals::signals(detail::counted<detail::host> home, std::initializer_list<int> numbers,
                 later then)
    : state_(std::make_shared<state>(home)) {
    for (int number : numbers) {
        state_->set.add(number);
        state_->causes.emplace_back(number,
                                    std::make_exception_ptr(signal_received(number)));
    }
    // Weak, because the set would otherwise be owned by its own handler, which only the
    // end of the set destroys.
    auto close = [weak = std::weak_ptr<state>(state_), then](error_code error,
                                                             int number) {
        auto s = weak.lock();
        if (error || !s)
            return;
        s->leave(then);  // the set does not wait again, but goes on catching
        auto came = [number](const auto& cause) { return cause.first == number; };
        s->source.close(std::ranges::find_if(s->causes, came)->second);
    };
    // It is called by the thread that finds the signal, on no host: a post may need memory.
    state_->set.async_wait(
        asio::bind_executor(asio::system_executor(), std::move(close)));
}

signals::~signals() = default;

done_token signals::token() const noexcept { return state_->source.token(); }

}  // namespace heddle
