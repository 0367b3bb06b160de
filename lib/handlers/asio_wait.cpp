// SPDX-License-Identifier: BSL-1.0
// A task's wait for an Asio operation, and the cancellation of that wait.
#include <heddle/detail/handlers/asio_wait.hpp>

#include <utility>

namespace heddle::detail {

bool asio_wait::begun_amid() noexcept {
    process& p = self_;
    switch (p.word.begun()) {
    case claim_word::initiated::in_flight:
        return false;
    case claim_word::initiated::cancelling:  // its token closed during initiation
        emit();
        return false;
    case claim_word::initiated::completed:
        if (!dropped_ || failure_)
            return true;
        p.home->abandon(p);
    }
    return false;
}

void asio_wait::completed_amid() noexcept {
    process& p = self_;
    if (p.word.complete())
        p.home->completed(p);
}

void asio_wait::dropped() noexcept {
    process& p = self_;
    counted<host> home(p.home);  // the process may end as soon as it is abandoned
    bool expected =
        home->expect();  // [homecoming]: the handler's work may have ended already
    dropped_ = true;
    if (p.word.complete())
        home->abandon(p);
    if (expected)
        home->expect_no_more();
}

/// Emits the cancellation on the executor of an operation that belongs to another
/// context. The destructor tells the process that the emission is over, whether the
/// function object was called or not.
class asio_wait::remote_emission {
public:
    explicit remote_emission(process& p) noexcept : process_(&p) {}
    remote_emission(remote_emission&& o) noexcept
        : process_(std::exchange(o.process_, nullptr)) {}
    remote_emission& operator=(remote_emission&&) = delete;
    ~remote_emission() {
        if (process_)
            emitted(*process_);
    }
    void operator()() { process_->signal.emit(asio::cancellation_type::terminal); }

private:
    process* process_;  // stays alive: it cannot go on while it is cancelling
};

void asio_wait::emit() noexcept {
    process& p = self_;
    if (elsewhere_) {
        elsewhere_->executor.post(remote_emission(p), elsewhere_->memory);
    } else {
        p.signal.emit(asio::cancellation_type::terminal);
        emitted(p);
    }
}

/// Ends an emission. If the operation completed meanwhile, its task goes on now.
void asio_wait::emitted(process& p) noexcept {
    if (!p.word.emitted())
        return;
    if (p.io->dropped_)
        p.home->abandon(p);
    else
        p.home->completed(p);
}

void emit_cancellation(runnable& r, host& h) {
    process& p = as_process(r);
    p.turn = nullptr;
    if (p.word.has_completed() || h.is_shut())
        asio_wait::emitted(p);
    else
        p.io->emit();
}

}  // namespace heddle::detail
