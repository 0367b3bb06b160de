// SPDX-License-Identifier: BSL-1.0
// Asio operations that outlast the waits for them.
#include <heddle/inflight.hpp>
#include <heddle/sync/operations.hpp>

#include <stdexcept>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

bool inflight_core::flying() noexcept {
    guard g(lock());
    return flying_;
}

namespace {

/// Changes the number of pins of a task. A number that has reached its maximum never
/// changes again: the task then stays with its worker for good.
void change_pins(process& p, int by) noexcept {
    std::uint16_t n = p.pins.load(std::memory_order_relaxed);
    while (n != sleeper::max_pins &&
           !p.pins.compare_exchange_strong(n, static_cast<std::uint16_t>(n + by),
                                           std::memory_order_relaxed)) {
    }
}

}  // namespace

void inflight_core::pin(process& p) noexcept {
    if (!p.home->is_worker())
        return;
    change_pins(p, 1);
    pinned_ = counted<process>(&p);
}

counted<process> inflight_core::unpin() noexcept {
    if (pinned_)
        change_pins(*pinned_, -1);
    return std::exchange(pinned_, {});
}

/// Requires: it flies, and the lock is held. Under one lock, so that a thread that sees
/// it not fly any more sees the result.
void inflight_core::land_locked(wake_list& wakes, landed& rest) noexcept {
    flying_ = false;
    set_locked(0, wakes);
    rest.unpinned = unpin();
    rest.from = std::move(elsewhere_);
}

/// [homecoming]: the waiter may have been claimed by another thread, and be on its way.
/// So before the work of `from` ends the home is given a turn, and rests only when it
/// may.
inflight_core::landed::~landed() {
    if (from)
        from->work.get()->poke();
}

void inflight_core::begin() {
    process& self = host::current_process();
    host& here = *self.home;
    {
        guard g(lock());
        if (flying_)
            throw std::logic_error("heddle: inflight: started while one is in flight: "
                                   "wait for its result");
        if (zero_locked())
            throw std::logic_error("heddle: inflight: started while it has a result "
                                   "that nobody took: call "
                                   "result()");
        flying_ = true;
        dropped_ = false;
    }
    home_ = counted<host>(&here);
    elsewhere_.reset();
    pin(self);
    signal_.slot().clear();  // an earlier operation may have left a handler there
}

void inflight_core::not_begun() noexcept {
    (void)unpin();
    {
        guard g(lock());
        flying_ = false;
    }
    elsewhere_.reset();
    set(1);
}

void inflight_core::rest() {
    if (!zero())
        throw std::logic_error(
            flying() ? "heddle: inflight: no result yet: wait for it"
                     : "heddle: inflight: no result: none was started, call start()");
    set(1);
}

/// Requires: it has completed, and so no thread begins to emit [emission].
void inflight_core::land() noexcept {
    landed rest;
    wake_list wakes;
    if (!dropped_)  // otherwise the slot itself may be destroying the handler
        signal_.slot().clear();
    {
        guard g(lock());
        emissions_.renew();
        land_locked(wakes, rest);
    }
    wakes.release();
}

void inflight_core::completed() noexcept {
    if (emissions_.complete())  // [emission]
        land();
}

void inflight_core::dropped() noexcept {
    dropped_ = true;
    completed();
}

void inflight_core::cancel() noexcept {
    counted<host> home;
    bool expected, begun;
    {
        guard g(lock());
        if (!flying_ || !emissions_.is_zero())
            return;
        home = home_;
        expected = home->expect();  // [homecoming]: before a completion has to wait
        begun = emissions_.begin();
    }
    if (begun) {
        take();  // until it is emitted
        if (host::current() == home.get() || home->is_shut()) {
            emit_turn(*this, *home);
        } else {
            turn = emit_turn;
            home->submit(*this);
        }
    }
    if (expected)
        home->expect_no_more();
}

void inflight_core::emit_turn(runnable& r, host& h) {
    auto& self = static_cast<inflight_core&>(r);
    emission(self).begin_at(h, self.elsewhere_.get());
}

void inflight_core::emitted() noexcept {
    if (emissions_.end())
        land();
    drop();
}

void throw_moved_inflight() {
    throw std::logic_error("heddle: inflight: used after it was moved from");
}

task<> join_cancelled(counted<inflight_core> core) {
    process& self = host::current_process();
    core->cancel();
    if (core->flying()) {
        scope_guard to_the_end(self, nullptr);
        co_await wait_op(*core);
    }
    core->forget_aborted();
    if (self.interrupted())
        self.throw_cancelled();
}

}  // namespace heddle::detail
