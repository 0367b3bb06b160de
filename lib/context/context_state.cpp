// SPDX-License-Identifier: BSL-1.0
#include "context/context_state.hpp"

#include "context/host_on.hpp"
#include "context/unwrapped.hpp"
#include "platform/port.hpp"
#include "platform/random.hpp"

#include <heddle/detail/context/host_executor.hpp>
#include <heddle/detail/context/host_for.hpp>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

namespace heddle HEDDLE_VARIANT {
namespace detail {
namespace {

/// The service that ties the state to the life of the context.
class host_service final : public asio::execution_context::service {
public:
    static asio::execution_context::id id;

    explicit host_service(asio::execution_context& ctx)
        : host_service(ctx, std::make_shared<context_state>()) {}
    host_service(asio::execution_context& ctx, std::shared_ptr<context_state> s)
        : service(ctx), state(std::move(s)) {}

    ~host_service() override { state->release_own(); }

    const std::shared_ptr<context_state> state;

private:
    void shutdown() override { state->shut(); }
    void notify_fork(asio::execution_context::fork_event event) override {
        if (event == asio::execution_context::fork_child)
            state->use_in_child();
    }
};

asio::execution_context::id host_service::id;

// Contexts keep their service and handlers, threads keep the function that runs at their
// end (frame_pool.cpp), and both may outlast a dlclose().
[[maybe_unused]] const bool stays_loaded = port::keep_loaded();

}  // namespace

std::shared_ptr<context_state> context_state::of(asio::execution_context& ctx) {
    return asio::use_service<host_service>(ctx).state;
}

void set_context_state(asio::execution_context& ctx,
                       std::shared_ptr<context_state> state) {
    asio::make_service<host_service>(ctx, std::move(state));
}

namespace {

/// Makes a host that is not listed yet: the caller completes and lists it.
template <class Executor>
counted<host> make_host(const std::shared_ptr<context_state>& state, const Executor& ex,
                        std::unique_ptr<worker> w = {}) {
    return counted<host>::adopt(new host_on<Executor>(state, ex, std::move(w)));
}

/// The host of the executor inside, if that is known: it is copied without memory, and
/// tells whether this thread runs it.
counted<host> make_host(const std::shared_ptr<context_state>& state,
                        const asio::any_io_executor& ex) {
    counted<host> made;
    auto make = [&](const auto& inner) { made = make_host(state, inner); };
    if (!unwrapped(ex, make) && !unwrapped_strand(ex, make))
        made = make_host<asio::any_io_executor>(state, ex);
    return made;
}

}  // namespace

template <class Executor>
counted<host> context_state::own(const std::shared_ptr<context_state>& self,
                                 const Executor& ex) {
    {
        guard g(self->lock_);
        if (self->own_)
            return self->own_;
    }
    auto made = make_host(self, ex);
    made->lasts_ = true;  // before other threads can find it
    self->add(*made);     // [listed]
    guard g(self->lock_);
    if (!self->own_)
        self->own_ = std::move(made);
    return self->own_;
}

counted<host> context_state::worker_of(const std::shared_ptr<context_state>& self,
                                       const asio::io_context::executor_type& ex,
                                       std::size_t n) {
    std::unique_ptr<worker_pool> made;  // must outlive `workers`
    std::vector<counted<host>> workers;
    {
        guard g(self->lock_);
        if (self->workers_)
            return counted<host>(&self->workers_->place());
    }
    made = std::make_unique<worker_pool>();
    workers.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
        workers.push_back(
            make_host(self, ex,
                      std::make_unique<worker>(*made, static_cast<std::uint16_t>(i),
                                               n <= worker_pool::few)));
        self->add(*workers.back());  // [listed]
    }
    guard g(self->lock_);
    if (!self->workers_) {
        made->adopt(std::move(workers));
        self->workers_ = std::move(made);
    }
    return counted<host>(&self->workers_->place());
}

void context_state::add(context_guest& arrived) noexcept {
    guard g(lock_);
    arrived.listed_ = true;  // [listed]
    guests_.push_front(arrived);
}

void context_state::remove(context_guest& leaving) noexcept {
    guard g(lock_);
    if (std::exchange(leaving.listed_, false))
        guests_.erase(leaving);
}

void context_state::add(foreign_executor& e) noexcept {
    guard g(lock_);
    lent_.push_front(e);
}

counted<lent_executor> context_state::take_back(foreign_executor& e) noexcept {
    guard g(lock_);
    if (!e.lent_)
        return {};
    lent_.erase(e);
    return std::exchange(e.lent_, {});
}

counted<lent_executor> context_state::borrow(const foreign_executor& e) noexcept {
    guard g(lock_);
    return e.lent_;
}

blocking_threads& context_state::blocking() {
    {
        guard g(lock_);
        if (blocking_)
            return *blocking_;
    }
    auto threads = std::max(4u, 2 * std::thread::hardware_concurrency());
    auto made = std::make_unique<blocking_threads>(threads);
    guard g(lock_);
    if (!blocking_)
        std::swap(blocking_, made);
    return *blocking_;
}

counted<host> host_of(asio::io_context& ctx) {
    return context_state::own(context_state::of(ctx), ctx.get_executor());
}

counted<host> worker_of(asio::io_context& ctx, std::size_t n) {
    auto state = context_state::of(ctx);
    if (state->seeded() || state->is_virtual())
        return host_of(ctx);  // one order and one clock need one thread
    return context_state::worker_of(
        state, ctx.get_executor(),
        std::clamp<std::size_t>(n, 1, worker_pool::max_workers));
}

counted<host> host_of(asio::execution_context& ctx, const asio::any_io_executor& ex) {
    return context_state::own(context_state::of(ctx), ex);
}

counted<host> host_of(const asio::any_io_executor& ex) {
    if (host* ours = host_in(ex))
        return counted<host>(ours);
    auto& ctx = asio::query(ex, asio::execution::context);
    if (target_of<asio::io_context::executor_type>(ex))
        return host_of(static_cast<asio::io_context&>(ctx));
    auto state = context_state::of(ctx);
    auto made = make_host(state, ex);
    state->add(*made);  // [listed]
    return made;
}

}  // namespace detail

}  // namespace heddle
