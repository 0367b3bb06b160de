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
            if (!choices_)
                choices_ = std::make_unique<std::vector<runnable*>>();
            choices_->push_back(ready_.first);
        } catch (const std::bad_alloc&) {
            break;  // it chooses among the others
        }
        ready_.first = ready_.first->next_ready;
    }
    if (!choices_ || choices_->empty()) {  // there was no memory for any choice
        runnable* r = ready_.first;
        ready_.take_first();
        return r;
    }
    if (!ready_.first)
        ready_.last = nullptr;
    auto& all = *choices_;
    auto i = random_below(static_cast<std::uint32_t>(all.size()));
    std::swap(all[i], all.back());
    runnable* r = all.back();
    all.pop_back();
    if (!all.empty() && !ready_.first) {  // has_work() looks at ready_.first
        ready_.first = ready_.last = all.back();
        ready_.first->next_ready = nullptr;
        all.pop_back();
    }
    return r;
}

}  // namespace heddle::detail
