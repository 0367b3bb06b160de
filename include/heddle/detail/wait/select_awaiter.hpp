// SPDX-License-Identifier: BSL-1.0
// The nodes of a select's arms, and what awaits them. Few arms whose types are known are
// tried, enlisted and withdrawn by their types, without locks, while the process has one
// thread; all others by the functions of select_core, whose steps are the same.
#pragma once

#include <heddle/detail/wait/select_core.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class A>
using node_of = typename std::remove_cvref_t<A>::arm_node;

inline operation& operation_of(operation& op) noexcept { return op; }

/// The nodes of arms whose number is known to the compiler: of the first I of them, as a
/// last `otherwise` has none.
template <class Indices, class... Kept>
class some_nodes;
template <std::size_t... I, class... Kept>
class some_nodes<std::index_sequence<I...>, Kept...> {
    using kept = std::tuple<Kept...>;

public:
    static constexpr std::size_t size = sizeof...(I);
    static constexpr bool known = true;

    explicit some_nodes(kept& arms)
        : nodes_(std::get<I>(arms)...), ops_{{&operation_of(std::get<I>(nodes_))...}} {}
    operation** ops() noexcept { return ops_.data(); }

    /// Calls f with the operation of arm i, whose type f may use; returns its result.
    template <class F>
    HEDDLE_ALWAYS_INLINE bool visit(std::size_t i, F f) {
        return ((i == I && f(typed<I>())) || ...);
    }
    template <class F>
    HEDDLE_ALWAYS_INLINE void for_each(F f) {
        (f(I, typed<I>()), ...);
    }

private:
    template <std::size_t N>
    auto& typed() noexcept {
        auto& node = std::get<N>(nodes_);
        if constexpr (std::is_base_of_v<operation, std::decay_t<decltype(node)>>)
            return node;
        else
            return operation_of(node);
    }

    std::tuple<node_of<std::tuple_element_t<I, kept>>...> nodes_;
    std::array<operation*, size> ops_;
};

/// The nodes of a range of arms: one block, from the frame pool.
template <class Range>
class range_nodes {
    using node = node_of<std::ranges::range_reference_t<Range>>;
    static_assert(alignof(node) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

public:
    static constexpr bool known = false;

    explicit range_nodes(Range& arms)
        : size(std::ranges::size(arms)),
          block_(size * (sizeof(node) + sizeof(operation*))) {
        try {
            for (auto&& arm : arms) {
                auto* made = ::new (static_cast<void*>(nodes() + made_)) node(arm);
                ops()[made_++] = &operation_of(*made);
            }
        } catch (...) {
            std::destroy_n(nodes(), made_);
            throw;
        }
    }
    ~range_nodes() { std::destroy_n(nodes(), made_); }

    operation** ops() const noexcept {
        return reinterpret_cast<operation**>(nodes() + size);
    }

    const std::size_t size;

private:
    node* nodes() const noexcept { return static_cast<node*>(block_.get()); }

    pool_block block_;
    std::size_t made_ = 0;
};

/// Whether a select uses the types of its arms.
template <class Nodes>
constexpr bool few_arms = false;
template <class Nodes>
    requires Nodes::known
constexpr bool few_arms<Nodes> = Nodes::size >= 2 && Nodes::size <= 16;

/// Awaits them.
template <class Nodes>
class [[nodiscard]] select_awaiter : Nodes, select_core {
public:
    template <class Arms>
    select_awaiter(process& self, select_rule rule, Arms& arms)
        : Nodes(arms), select_core(self, rule, Nodes::size) {}

    bool await_ready() noexcept {
        if constexpr (few_arms<Nodes>)
            if (is_alone() && !self_.interrupted())
                return ready_alone();
        return ready(this->ops());
    }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> frame) noexcept {
        if constexpr (few_arms<Nodes>)
            if (is_alone() && state_ == state::pending && !some_share_a_source())
                return suspend_alone(frame);
        return suspend(this->ops(), frame);
    }
    /// Returns what await_resume() would throw if the token closed, instead of calling that.
    wait_failure take_failure() noexcept {
        return this->conclude(this->ops()) ? wait_failure() : self_.cancellation();
    }
    std::size_t await_resume() {
        if constexpr (few_arms<Nodes>)
            if (state_ == state::happened || (state_ == state::pending && self_.winner))
                return resume_typed();
        return resume(this->ops());
    }

private:
    bool ready_alone() noexcept {
        std::uint32_t candidates = 0;
        this->for_each([&](std::size_t i, auto& op) {
            op.who = &self_;  // before source()
            if (op.source() && op.may_happen_locked())
                candidates |= std::uint32_t{1} << i;
        });
        state_ = state::happened;
        wake_list wakes;
        while (candidates != 0) {
            chosen_ = choose(candidates);
            if (this->visit(chosen_,
                            [&](auto& op) { return op.attempt_locked(wakes); })) {
                wakes.release(self_.home);
                return self_.home->spend();
            }
            candidates &= ~(std::uint32_t{1} << chosen_);
        }
        if (rule_.otherwise) {
            chosen_ = Nodes::size;
            return self_.home->spend();
        }
        state_ = state::pending;
        return false;
    }

    /// Returns whether the order matters in which the arms are enlisted.
    bool some_share_a_source() noexcept {
        std::array<spin_lock*, Nodes::size> sources;
        bool found = false;
        this->for_each([&](std::size_t i, auto& op) {
            sources[i] = op.source();
            for (std::size_t k = 0; k < i; ++k)
                found |= sources[i] && sources[i] == sources[k];
        });
        return found;
    }

    std::coroutine_handle<> suspend_alone(std::coroutine_handle<> frame) noexcept {
        self_.winner = nullptr;
        self_.waits = this->ops()[0];
        self_.since = self_.home->seen_now();
        this->for_each([this](std::size_t i, auto& op) {
            op.index = static_cast<std::uint32_t>(i);
            op.sibling = i + 1 < Nodes::size ? this->ops()[i + 1] : nullptr;
            if (op.source())
                op.enlist_locked();
        });
        return self_.word.park() ? self_.home->next() : frame;
    }

    std::size_t resume_typed() {
        if (state_ == state::pending) {
            self_.waits = nullptr;
            operation* winner = self_.winner;
            this->for_each([winner](std::size_t, auto& op) {
                if (&op != winner)
                    op.withdraw();
            });
            chosen_ = winner->index;
        }
        if (chosen_ < Nodes::size)  // else it is `otherwise`
            this->visit(chosen_, [](auto& op) {
                op.complete();
                return true;
            });
        return chosen_;
    }
};

}  // namespace heddle::detail
