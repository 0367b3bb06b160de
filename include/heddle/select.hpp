// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/handlers/token_wait.hpp>
#include <heddle/detail/wait/channel_async.hpp>
#include <heddle/detail/wait/refuse_arm.hpp>
#include <heddle/detail/wait/select_awaiter.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The last arm of a select that does not wait: nothing else was ready.
struct otherwise_t {
    explicit otherwise_t() = default;
};
inline constexpr otherwise_t otherwise{};

/// A type that can be an arm: an operation of this library, a done token, a join
/// handle. A send of an rvalue is none when it is given by name.
template <class A>
concept selectable = requires {
    typename std::remove_cvref_t<A>::arm_node;
} && !(std::is_lvalue_reference_v<A> && detail::in_place<std::remove_cvref_t<A>>);

/// An arm, or `otherwise`.
template <class A>
concept selectable_or_otherwise =
    selectable<A> || std::same_as<std::remove_cvref_t<A>, otherwise_t>;

/// A range of arms that exist: not a view that makes them as it is walked.
template <class R>
concept selectable_range =
    std::ranges::forward_range<R> && std::ranges::sized_range<R> &&
    std::is_reference_v<std::ranges::range_reference_t<R>> &&
    selectable<std::ranges::range_reference_t<R>>;

namespace detail {

template <class A>
struct keep_arm {
    using type = std::remove_cvref_t<A>;
};
template <class A>
    requires(!std::is_const_v<A> && std::remove_cvref_t<A>::arm_by_reference)
struct keep_arm<A&> {
    using type = A&;
};

}  // namespace detail

/// What a select keeps of an arm: its value, or a reference if the arm is to remember
/// that it happened, as a timer or a join handle given by name.
template <class A>
using kept_arm = typename detail::keep_arm<A>::type;

/// Any arm, its kind erased, so that a range can mix kinds. Takes the arm that it is
/// made from by value, but timers and join handles given by name are referred to. One
/// allocation, when it is made; in one select at a time.
class arm;

namespace detail {

template <class A>
constexpr bool is_otherwise = std::is_same_v<A, otherwise_t>;

template <class... Kept>
constexpr bool otherwise_is_last = true;
template <class First, class... Rest>
constexpr bool otherwise_is_last<First, Rest...> =
    otherwise_is_last<Rest...> && !(is_otherwise<First> && sizeof...(Rest) > 0);

template <class... Kept>
using nodes_of =
    some_nodes<std::make_index_sequence<(std::size_t{0} + ... + !is_otherwise<Kept>)>,
               Kept...>;

template <class... Kept>
constexpr bool in_place<std::tuple<Kept...>> = (in_place<Kept> || ...);

/// The same arms, waited for by a completion handler.
template <class Nodes>
class token_select : Nodes {
public:
    template <class Traits>
    explicit token_select(Traits& t) : Nodes(t.arms), rule_(t.rule) {}

    void occupy(sleeper& who) noexcept {
        who_ = &who;
        for (std::size_t i = 0; i < Nodes::size; ++i) {
            operation& op = *this->ops()[i];
            op.who = &who;
            op.index = static_cast<std::uint32_t>(i);
            op.sibling = i + 1 < Nodes::size ? this->ops()[i + 1] : nullptr;
        }
    }
    arms_of_wait arms() noexcept { return {this->ops(), Nodes::size, rule_}; }

    std::tuple<error_code, std::size_t> result(bool aborted) {
        if (aborted)
            return {asio::error::operation_aborted, Nodes::size};
        if (!who_->winner)
            return {error_code(), Nodes::size};  // otherwise
        error_code ec;
        try {
            who_->winner->complete();
        } catch (...) {
            ec = errc::closed;  // a send
        }
        return {ec, who_->winner->index};
    }

private:
    sleeper* who_ = nullptr;
    select_rule rule_;
};

template <class Nodes, class Arms>
struct token_select_traits {
    using operation = token_select<Nodes>;

    auto result(operation& op, bool aborted) { return op.result(aborted); }

    select_rule rule;
    Arms arms;
};

template <class Nodes, class Arms>
class select_op_of : public awaited_by_tokens {
public:
    using awaited_by_tokens::operator();

    template <class... Args>
    explicit select_op_of(select_rule rule, Args&&... arms)
        : rule_(rule), arms_(std::forward<Args>(arms)...) {}

    /// For callers that are no tasks: completes `token` with (error_code, std::size_t).
    template <asio::completion_token_for<void(error_code, std::size_t)> Token>
    auto operator()(Token&& token) {
        return initiate(no_executor(), std::forward<Token>(token));
    }
    template <executor_or_context E,
              asio::completion_token_for<void(error_code, std::size_t)> Token>
    auto operator()(E&& ex, Token&& token) {
        return initiate(executor_in(ex), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = mistake_kind::kept_send;
    select_awaiter<Nodes> await_by(process& self) &&
        requires in_place<Arms>
    {
        return select_awaiter<Nodes>(self, rule_, arms_);
    }
    select_awaiter<Nodes> await_by(process& self)
        requires(!in_place<Arms>)
    {
        return select_awaiter<Nodes>(self, rule_, arms_);
    }

private:
    template <class Fallback, class Token>
    auto initiate(Fallback fallback, Token&& token) {
        return initiate_token_wait<void(error_code, std::size_t)>(
            token_select_traits<Nodes, Arms>{rule_, std::forward<Arms>(arms_)},
            std::move(fallback), std::forward<Token>(token));
    }

    select_rule rule_;
    Arms arms_;  // a range that was given by name: a reference
};

}  // namespace detail

/// What select returns, of arms that are kept by value or, if they are references, by
/// reference: `co_await`ed by a task, or called with a completion token.
template <class... Arms>
class [[nodiscard(
    "heddle: co_await this select: before that nothing happens")]] select_op
    : public detail::select_op_of<detail::nodes_of<Arms...>, std::tuple<Arms...>> {
    static constexpr bool otherwise_is_last = detail::otherwise_is_last<Arms...>;
    static_assert(otherwise_is_last,
                  "heddle::select: otherwise must be last, and once");

public:
    template <class... Given>
    explicit select_op(bool by_priority, Given&&... arms)
        : select_op::select_op_of(
              detail::select_rule{by_priority, (detail::is_otherwise<Arms> || ...)},
              std::forward<Given>(arms)...) {}
};

/// What select of a range returns; the range is kept as an arm is.
template <class Range>
class [[nodiscard(
    "heddle: co_await this select: before that nothing happens")]] select_range_op
    : public detail::select_op_of<detail::range_nodes<std::remove_reference_t<Range>>,
                                  Range> {
public:
    using select_range_op::select_op_of::select_op_of;
};

/// select waits until one of its arms can happen, lets that one happen, and gives its
/// index. If several can, each is as likely.
///
///     switch (co_await heddle::select(in.receive(v), out.send(w), heddle::after(1s))) {
///     case 0: ...
///     }
///
/// Arms: any operation of this library, a done_token, a join_handle, and last
/// `otherwise`, which is taken if at one instant no other arm was ready. Each arm's
/// expressions are evaluated once, before blocking, in unspecified order. A nil arm is
/// never ready; a select of nothing waits for ever. Arms that lose leave no trace.
///
/// Threads   sources may be used by any thread at once; the arms that block are
///           enlisted with all their sources locked in address order.
/// Resumes   on the task's host; a task that neither waits nor is out of its budget
///           goes on at once.
/// Cancel    throws `cancelled` if the token in force is closed, and nothing has
///           happened; unless an arm is that token, or one above it that closed: then
///           the arm happens.
/// Tokens    select(arms...)(token) and select(arms...)(executor, token) are for
///           callers that are no tasks: any completion token, of (error_code,
///           std::size_t), once. Cancelled through its slot the error is
///           asio::error::operation_aborted and nothing has happened; if the arm that
///           happens is a send on a closed channel, errc::closed. Posted as by
///           async_receive. A timer is no arm then: std::logic_error; the token of a
///           done_source with a timeout is one. A value given to send as an rvalue
///           outlives the wait: rather use emplace.
/// Lifetime  arms are taken by value, but timers and join handles given by name are
///           referred to; everything that an arm refers to outlives the select.
/// Errors    channel_closed if the arm that happens is a send on a closed channel.
///           O(arms), and O(arms log arms) if it waits while other threads exist.
template <selectable_or_otherwise... Arms>
select_op<kept_arm<Arms>...> select(Arms&&... arms) {
    return select_op<kept_arm<Arms>...>(false, std::forward<Arms>(arms)...);
}

/// The same, but of the arms that are ready the first in written order happens.
template <selectable_or_otherwise... Arms>
select_op<kept_arm<Arms>...> priority_select(Arms&&... arms) {
    return select_op<kept_arm<Arms>...>(true, std::forward<Arms>(arms)...);
}

/// A run-time number of arms, which exist already (a vector, an array, a span); a range
/// given by name is referred to. An empty one waits for
/// ever. Allocates one block.
template <selectable_range Range>
select_range_op<Range> select(Range&& arms) {
    return select_range_op<Range>(detail::select_rule{false, false},
                                  std::forward<Range>(arms));
}

template <selectable_range Range>
select_range_op<Range> priority_select(Range&& arms) {
    return select_range_op<Range>(detail::select_rule{true, false},
                                  std::forward<Range>(arms));
}

namespace detail {

/// Some of these arguments are no arms, so a call of select with them is refused.
template <class... Arms>
concept not_selectable = !(selectable_or_otherwise<Arms> && ...) &&
                         !(sizeof...(Arms) == 1 && (selectable_range<Arms> && ...));

template <class... Arms>
[[noreturn]] void refuse_arms() {
    (..., [] {
        if constexpr (!selectable_or_otherwise<Arms>)
            refuse_arm<mistaken_arm<Arms>>();
    }());
    std::terminate();
}

}  // namespace detail

template <class... Arms>
    requires detail::not_selectable<Arms...>
select_op<> select(Arms&&...) {
    detail::refuse_arms<Arms...>();
}
template <class... Arms>
    requires detail::not_selectable<Arms...>
select_op<> priority_select(Arms&&...) {
    detail::refuse_arms<Arms...>();
}

namespace detail {

struct erased_arm {
    virtual ~erased_arm() = default;
    virtual operation& begin() = 0;
    virtual void end() noexcept = 0;
};

template <class Kept>
class erased_arm_of final : public erased_arm {
public:
    template <class A>
    explicit erased_arm_of(A&& a) : arm_(std::forward<A>(a)) {}
    operation& begin() override { return operation_of(node_.emplace(arm_)); }
    void end() noexcept override { node_.reset(); }

private:
    Kept arm_;
    std::optional<node_of<Kept>> node_;
};

class erased_node {
public:
    explicit erased_node(arm& a);
    erased_node(const erased_node&) = delete;
    ~erased_node() { arm_.end(); }

    friend operation& operation_of(erased_node& n) noexcept { return n.op_; }

private:
    erased_arm& arm_;
    operation& op_;
};

}  // namespace detail

class arm {
public:
    template <selectable A>
        requires(!std::same_as<std::remove_cvref_t<A>, arm>)
    arm(A&& a)
        : arm_(std::make_unique<detail::erased_arm_of<kept_arm<A>>>(
              std::forward<A>(a))) {
        if constexpr (detail::in_place<std::remove_cvref_t<A>>)
            detail::refuse_arm<detail::mistaken_arm<A>>();
    }

    // -- for the library ------------------------------------------------------------
    using arm_node = detail::erased_node;
    detail::erased_arm& get() const noexcept { return *arm_; }

private:
    std::unique_ptr<detail::erased_arm> arm_;
};

inline detail::erased_node::erased_node(arm& a) : arm_(a.get()), op_(arm_.begin()) {}

}  // namespace heddle
