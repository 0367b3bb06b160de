// SPDX-License-Identifier: BSL-1.0
// How the cancellation of an Asio operation is emitted.
#pragma once

#include <heddle/detail/context/foreign_executor.hpp>
#include <heddle/detail/context/host_executor.hpp>
#include <heddle/detail/core/host.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The state of an operation of another context than the home of its task. Its
/// cancellation is emitted in that context, on `executor`. The home has work until the
/// task has come home [homecoming].
struct abroad : pinned {
    template <class Executor>
    abroad(const Executor& ex, host& home) : executor(ex), work(&home) {}

    void take() noexcept { refs.take(); }
    void drop() noexcept {
        if (refs.drop())
            delete this;
    }

    std::optional<foreign_executor> executor;
    host_work work;
    posted_memory memory{*this};  // for the cancellation
    ref_count refs;
};

/// Ends the stay. A strand may still hold the memory.
struct end_of_stay {
    void operator()(abroad* a) const noexcept {
        {
            host_work ended(std::move(a->work));
        }
        a->executor.reset();
        a->drop();
    }
};
using stay_abroad = std::unique_ptr<abroad, end_of_stay>;

/// The cancellation of an Asio operation, on its way to where it is emitted: it is called
/// there, or destroyed uncalled if that context has ended. Its owner makes it once the
/// operation has been initiated, and one at a time. The owner has
///     bool has_completed() const;    // if so, nothing is emitted any more
///     void emit();
///     void emitted() noexcept;       // the emission is over, whether it was called or
///                                    // not; until then the owner and the signal live
template <class Owner>
class emission {
public:
    explicit emission(Owner& o) noexcept : owner_(&o) {}
    emission(emission&& o) noexcept : owner_(std::exchange(o.owner_, nullptr)) {}
    emission& operator=(emission&&) = delete;
    ~emission() {
        if (owner_)
            owner_->emitted();
    }

    void operator()() {
        if (!owner_->has_completed())
            owner_->emit();
    }

    /// Called by the drainer of the task's home: emits here, or there if the operation
    /// belongs to another context.
    void begin_at(const host& home, abroad* elsewhere) && noexcept {
        if (home.is_shut() || owner_->has_completed())
            return;  // the operation may be gone
        if (elsewhere)
            elsewhere->executor->post(std::move(*this), elsewhere->memory);
        else
            (*this)();
    }

private:
    Owner* owner_;
};

/// The emissions of an operation that are under way, and whether it has completed: for an
/// operation that no task waits in, and so has no claim word. What must not happen during
/// an emission is done by the completion, or else by the end of the last emission.
class emission_count {
public:
    /// Returns false if the operation has completed.
    bool begin() noexcept {
        std::uint32_t old = 0;
        do
            if (old & completed)
                return false;
        while (!exchange_if(state_, old, old + one));
        return true;
    }

    /// Returns true if the operation has completed and no emission is under way.
    bool end() noexcept {
        return add(state_, 0 - one, std::memory_order_acq_rel) == (completed | one);
    }

    /// The operation has completed. Returns true if no emission is under way; false as
    /// well if this was called before.
    bool complete() noexcept {
        std::uint32_t old = 0;
        while (!(old & completed))
            if (exchange_if(state_, old, old | completed))
                return old == 0;
        return false;
    }

    bool has_completed() const noexcept {
        return state_.load(std::memory_order_acquire) & completed;
    }
    bool is_zero() const noexcept {
        return state_.load(std::memory_order_acquire) < one;
    }

    /// Begins anew for another operation. Requires: no emission is under way, nor begins.
    void renew() noexcept { state_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t completed = 1;
    static constexpr std::uint32_t one = 2;  // emission

    atomic<std::uint32_t> state_{0};
};

}  // namespace heddle::detail
