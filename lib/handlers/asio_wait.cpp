// SPDX-License-Identifier: BSL-1.0
// A task's wait for an Asio operation, and the cancellation of that wait.
#include <heddle/detail/handlers/asio_wait.hpp>

#include <utility>

namespace heddle::detail {

using namespace claim_word;

bool asio_wait::begun_amid() noexcept {
    process& p = self_;
    std::uint32_t old = p.word.load(std::memory_order_acquire);
    std::uint32_t want;
    do {
        if (old & claim_word::completed)
            want = old & cancelled;
        else if (old & cancelled)
            want =
                (old & ~starting) | cancelling;  // its token closed during initiation
        else
            want = old & ~starting;
    } while (!exchange_if(p.word, old, want));
    if (old & claim_word::completed) {
        if (!dropped_ || failure_)
            return true;
        p.home->abandon(p);
    } else if (want & cancelling) {
        emit();
    }
    return false;
}

void asio_wait::completed_amid() noexcept {
    process& p = self_;
    std::uint32_t old = p.word.load(std::memory_order_acquire);
    std::uint32_t want;
    do
        want = old & (starting | cancelling) ? old | claim_word::completed
                                             : old & cancelled;
    while (!exchange_if(p.word, old, want));
    if (!(want & claim_word::completed))
        p.home->completed(p);
}

void asio_wait::dropped() noexcept {
    process& p = self_;
    counted<host> home(p.home);  // the process may end as soon as it is abandoned
    bool expected =
        home->expect();  // [homecoming]: the handler's work may have ended already
    dropped_ = true;
    std::uint32_t old = p.word.load(std::memory_order_acquire);
    std::uint32_t want;
    do
        want = old & (starting | cancelling) ? old | claim_word::completed
                                             : old & cancelled;
    while (!exchange_if(p.word, old, want));
    if (!(want & claim_word::completed))
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
    process* process_;  // stays alive: it cannot go on while `cancelling` is set
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
    std::uint32_t old = p.word.load(std::memory_order_acquire);
    std::uint32_t want;
    do
        want = old & claim_word::completed ? old & cancelled : old & ~cancelling;
    while (!exchange_if(p.word, old, want));
    if (!(old & claim_word::completed))
        return;
    if (p.io->dropped_)
        p.home->abandon(p);
    else
        p.home->completed(p);
}

void emit_cancellation(runnable& r, host& h) {
    process& p = as_process(r);
    p.turn = nullptr;
    if ((p.word.load(std::memory_order_acquire) & completed) || h.is_shut())
        asio_wait::emitted(p);
    else
        p.io->emit();
}

}  // namespace heddle::detail
