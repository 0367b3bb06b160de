// SPDX-License-Identifier: BSL-1.0
// The order of tasks where a seed or an explorer chooses it.
#include <heddle/detail/host.hpp>

#include <new>
#include <utility>

namespace heddle::detail {

/// The k-th that is ready, in the order of the FIFO. A poke does nothing any more: no choice.
runnable* host::pop_chosen() noexcept {
    std::uint32_t n = 0;
    runnable* before = nullptr;
    runnable* r = head_;
    while (r && r != &poke_) {
        ++n;
        before = std::exchange(r, r->next_ready);
    }
    if (!r) {
        before = nullptr;
        r = head_;
        for (auto k = n > 1 ? chooser_->choose(n) : 0; k > 0; --k)
            before = std::exchange(r, r->next_ready);
    }
    (before ? before->next_ready : head_) = r->next_ready;
    if (!r->next_ready)
        tail_ = before;
    return r;
}

runnable* host::pop_random() noexcept {
    if (chooser_)
        return pop_chosen();
    while (head_) {
        try {
            choices_.push_back(head_);
        } catch (const std::bad_alloc&) {
            break;  // choose among the others
        }
        head_ = head_->next_ready;
    }
    if (choices_.empty()) {  // no memory for a choice
        runnable* r = head_;
        take_first();
        return r;
    }
    if (!head_)
        tail_ = nullptr;
    auto i = random_below(static_cast<std::uint32_t>(choices_.size()));
    std::swap(choices_[i], choices_.back());
    runnable* r = choices_.back();
    choices_.pop_back();
    if (!choices_.empty() && !head_) {  // a host with work has a head
        head_ = tail_ = choices_.back();
        head_->next_ready = nullptr;
        choices_.pop_back();
    }
    return r;
}

}  // namespace heddle::detail
