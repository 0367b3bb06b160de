// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "core/worker.hpp"

#include <heddle/detail/core/host.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

/// A parallel host: several serial hosts on one executor, its workers, which steal
/// ready tasks from each other. A task runs on the worker that woke it, so tasks that
/// talk to each other stay together. A task that waits too long for its worker is
/// stolen by another, but late: at most one worker at a time, the searcher, looks for
/// such tasks; it does so for a few microseconds, and then from time to time as long as
/// any worker is at work. Invariant:
///   [fifo]   the FIFO of a worker is changed under its lock; a thief takes nothing but
///            tasks that are not pinned, so turns stay in the order of their arrival.
class HEDDLE_API worker_pool final : public worker_group {
public:
    static constexpr std::size_t max_workers = 1024;
    static constexpr std::size_t few = 2;  // up to here a thief executes a barrier

    /// Takes over the workers, which refer to this pool.
    void adopt(std::vector<counted<host>> workers) noexcept {
        workers_ = std::move(workers);
    }
    void release() noexcept;  // drops the workers, as the context ends

    std::size_t size() const noexcept override { return workers_.size(); }
    host& operator[](std::size_t i) const noexcept override { return *workers_[i]; }
    host& place() noexcept override;
    bool find_work(host& me) noexcept override;
    void end_search(host& me) noexcept override;
    void before_idle(host& me) noexcept override;
    void after_idle(host& me, bool is_searcher) noexcept override;
    void shut() noexcept override;

private:
    void wake_searcher(search seen) noexcept override;
    bool wake_an_idle_one() noexcept;
    bool steal(host& me, bool patiently) noexcept;
    void look_around(host& me) noexcept;

    std::vector<counted<host>> workers_;
    atomic<host*> sleeping_searcher_{nullptr};  // the searcher, while it sleeps
    atomic<std::uint32_t> next_{0};
    // The next two belong to the searcher.
    duration pause_{};     // how long it sleeps between two looks
    int short_finds_ = 0;  // how many finds in a row were too small to pay
};

}  // namespace heddle::detail
