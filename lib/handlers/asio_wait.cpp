// SPDX-License-Identifier: BSL-1.0
// A task's wait for an Asio operation, and the cancellation of that wait.
#include <heddle/detail/handlers/asio_wait.hpp>

namespace heddle HEDDLE_VARIANT::detail {

bool asio_wait::begun_amid() noexcept {
    process& p = self_;
    switch (p.word.begun()) {
    case claim_word::initiated::in_flight:
        return false;
    case claim_word::initiated::cancelling:  // its token closed during initiation
        emission(*this).begin_at(*p.home, elsewhere_.get());
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

/// If the operation completed meanwhile, its task goes on now. Else this may be gone.
void asio_wait::emitted() noexcept {
    process& p = self_;
    if (!p.word.emitted())
        return;
    if (dropped_)
        p.home->abandon(p);
    else
        p.home->completed(p);
}

void emit_cancellation(runnable& r, host& h) {
    process& p = as_process(r);
    p.turn = nullptr;
    emission(*p.io).begin_at(h, p.io->elsewhere_.get());
}

}  // namespace heddle::detail
