// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/task_registry.hpp>

namespace heddle::detail {
namespace {

atomic<std::uint64_t> last_number{0};

}  // namespace

std::uint64_t new_task_numbers(std::uint32_t n) noexcept {
    return detail::add<std::uint64_t>(last_number, n, std::memory_order_relaxed) + 1;
}

std::uint64_t task_numbers() noexcept {
    return last_number.load(std::memory_order_relaxed);
}

bool task_registry::add(process& p) noexcept {
    guard g(lock_);
    if (p.id == 0) {
        if (numbers_ == 0) {
            next_number_ = new_task_numbers(batch_);
            numbers_ = batch_;
        }
        --numbers_;
        p.id = next_number_++;
    }
    p.prev_live = nullptr;
    p.next_live = first_;
    if (first_)
        first_->prev_live = &p;
    first_ = &p;
    return size_++ == 0;
}

bool task_registry::remove(process& p) noexcept {
    guard g(lock_);
    if (scan_ == &p)
        scan_ = p.next_live;
    (p.prev_live ? p.prev_live->next_live : first_) = p.next_live;
    if (p.next_live)
        p.next_live->prev_live = p.prev_live;
    return --size_ == 0;
}

std::size_t task_registry::size() noexcept {
    guard g(lock_);
    return size_;
}

std::size_t task_registry::unused_numbers() noexcept {
    guard g(lock_);
    return numbers_;
}

std::vector<counted<process>> task_registry::all() {
    std::vector<counted<process>> tasks;
    for (bool fit = false; !fit;) {
        std::size_t n;
        {
            guard g(lock_);
            n = size_;
            fit = n <= tasks.capacity();
            for (process* p = first_; p && fit; p = p->next_live)
                tasks.push_back(counted<process>(p));
        }
        tasks.reserve(n);
    }
    return tasks;
}

void task_registry::begin_sweep() noexcept {
    guard g(lock_);
    scan_ = first_;
}

process* task_registry::next_to_sweep() noexcept {
    guard g(lock_);
    process* p = scan_;
    if (p)
        scan_ = p->next_live;
    return p;
}

}  // namespace heddle::detail
