// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/context/host_executor.hpp>
#include <heddle/serve.hpp>

#include "platform/port.hpp"

#include <asio/signal_set.hpp>

#include <string>
#include <system_error>

namespace heddle {
namespace detail {

serve_core::serve_core(const serve_options& options)
    : wait_count("the sessions of a server"), node_(make_done_state()),
      options_(options) {
    if (options.sessions < 1)
        throw std::invalid_argument("heddle: serve: a limit that lets no session run");
    slots_ = slots_.adopt(new permit_core("the end of a session: no more may run",
                                          options.sessions, false));
    if (done_node* scope = scope_here())
        node_->attach(*scope);
}

duration serve_core::pause_after(std::error_code error) const {
    bool of_system = error.category() == asio::error::get_system_category() ||
                     error.category() == std::system_category();
    if (!of_system)
        throw asio::system_error(error, "accept");
    switch (port::kind_of_accept_error(error.value())) {
    case port::accept_error::of_connection:
        return {};
    case port::accept_error::of_resources:
        if (options_.on_error)
            options_.on_error(
                std::make_exception_ptr(asio::system_error(error, "accept")));
        // At once it would fail at once, four million times a second.
        return std::chrono::milliseconds(100);
    case port::accept_error::other:
        break;
    }
    throw asio::system_error(error, "accept");
}

namespace {

task<> run_session(session_slot slot, task<> work) {
    std::exception_ptr failure;
    try {
        co_await std::move(work);
    } catch (const cancelled& c) {
        const process& self = host::current_process();
        if (self.closed() || c.thrown_in() == self.id)
            throw;  // a normal end
        failure = std::current_exception();
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure)
        co_return;
    auto on_error = slot.core().options().on_error;
    if (!on_error)
        std::rethrow_exception(std::move(failure));
    on_error(std::move(failure));
}

}  // namespace

void start_session(session_slot slot, task<> work, const void* at) {
    done_node* node = &slot.core().node();
    (void)start(running_host(), run_session(std::move(slot), std::move(work)), node,
                at);
}

task<> end_sessions(counted<serve_core> core, done_token stop,
                    std::exception_ptr failure) {
    if (!failure) {
        try {
            co_await select(wait_op(*core), after(core->options().grace));
        } catch (const cancelled&) {
            failure = std::current_exception();
        }
    }
    core->node().close(failure ? failure : stop.cause());
    process& self = host::current_process();
    {
        scope_guard to_the_end(self, nullptr);
        co_await wait_op(*core);
    }
    if (failure)
        std::rethrow_exception(std::move(failure));
    if (self.interrupted())
        self.throw_cancelled();
}

}  // namespace detail

signal_received::signal_received(int number)
    : std::runtime_error("heddle: signal " + std::to_string(number)), number_(number) {}

struct signals::state {
    explicit state(const detail::counted<detail::host>& home)
        : set(asio::any_io_executor(detail::host_executor(home))) {}

    asio::signal_set set;
    done_source source;
};

signals::signals(detail::counted<detail::host> home, std::initializer_list<int> numbers)
    : state_(std::make_shared<state>(home)) {
    for (int number : numbers)
        state_->set.add(number);
    // Weak, because the set would otherwise be owned by its own handler, which only the
    // end of the set destroys.
    state_->set.async_wait(
        [weak = std::weak_ptr<state>(state_)](std::error_code error, int number) {
            auto s = weak.lock();
            if (error || !s)
                return;
            s->set.clear();
            s->source.close(std::make_exception_ptr(signal_received(number)));
        });
}

signals::~signals() = default;

done_token signals::token() const noexcept { return state_->source.token(); }

}  // namespace heddle
