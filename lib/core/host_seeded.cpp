// SPDX-License-Identifier: BSL-1.0
// The order of tasks if a seed or an explorer chooses it.
#include <heddle/detail/core/host.hpp>

#include <new>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Pops the turn that the explorer chooses among those in the FIFO. A poke is popped
/// without a choice, as it changes nothing.
runnable* host::pop_chosen() noexcept {
    std::uint32_t n = 0;
    runnable* before = nullptr;
    runnable* r = ready_.first;
    while (r && r != &poke_) {
        ++n;
        before = std::exchange(r, r->next_ready);
    }
    if (!r) {
        before = nullptr;
        r = ready_.first;
        for (auto k = n > 1 ? chooser_->choose(n) : 0; k > 0; --k)
            before = std::exchange(r, r->next_ready);
    }
    (before ? before->next_ready : ready_.first) = r->next_ready;
    if (!r->next_ready)
        ready_.last = before;
    return r;
}

runnable* host::pop_random() noexcept {
    if (chooser_)
        return pop_chosen();
    while (ready_.first) {
        try {
            choices_.push_back(ready_.first);
        } catch (const std::bad_alloc&) {
            break;  // it chooses among the others
        }
        ready_.first = ready_.first->next_ready;
    }
    if (choices_.empty()) {  // there was no memory for any choice
        runnable* r = ready_.first;
        ready_.take_first();
        return r;
    }
    if (!ready_.first)
        ready_.last = nullptr;
    auto i = random_below(static_cast<std::uint32_t>(choices_.size()));
    std::swap(choices_[i], choices_.back());
    runnable* r = choices_.back();
    choices_.pop_back();
    if (!choices_.empty() && !ready_.first) {  // has_work() looks at ready_.first
        ready_.first = ready_.last = choices_.back();
        ready_.first->next_ready = nullptr;
        choices_.pop_back();
    }
    return r;
}

}  // namespace heddle::detail
