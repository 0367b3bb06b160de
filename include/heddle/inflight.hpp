// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/asio.hpp>
#include <heddle/detail/io/inflight_core.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

template <class Signature>
class inflight;

namespace detail {

template <class Op>
struct signature_of_op {};
template <class Signature, class Initiation, class... Args>
struct signature_of_op<asio_op<Signature, Initiation, Args...>> {
    using type = Signature;
};

template <class T>
concept is_asio_op =
    requires { typename signature_of_op<std::remove_cvref_t<T>>::type; };

template <class T>
constexpr bool is_inflight = false;
template <class Signature>
constexpr bool is_inflight<inflight<Signature>> = true;

/// An operation given use_task, or deferred.
template <class Op>
concept startable = !is_inflight<std::remove_cvref_t<Op>> &&
                    (is_asio_op<Op> || requires(std::remove_cvref_t<Op>&& op) {
                        { std::move(op)(use_task) } -> is_asio_op;
                    });

/// As an operation given use_task, whatever token it was deferred with.
template <startable Op>
auto as_asio_op(Op&& op) {
    if constexpr (is_asio_op<Op>)
        return std::remove_cvref_t<Op>(std::forward<Op>(op));
    else
        return std::remove_cvref_t<Op>(std::forward<Op>(op))(use_task);
}

template <startable Op>
using signature_of =
    typename signature_of_op<decltype(as_asio_op(std::declval<Op>()))>::type;

template <class Signature>
class inflight_of;

template <class R, class... Results>
class inflight_of<R(Results...)> : public inflight_core {
    using results = asio_results<std::decay_t<Results>...>;

public:
    using result_type = typename results::result;

    template <class Op>
    void start(Op op) {
        begin();
        try {
            op.look_at_executor(
                [this](const auto& ex) { this->remember_executor(ex); });
            op.start(handler(*this));
        } catch (...) {
            not_begun();
            throw;
        }
    }

    result_type take_result() {
        rest();
        if (was_dropped())
            throw system_error(asio::error::operation_aborted);
        return results_.take();
    }

    void forget_aborted() noexcept override {
        if (zero() && (was_dropped() || results_.aborted()))
            rest();
    }

private:
    class handler {
    public:
        using executor_type = host_executor;
        using cancellation_slot_type = asio::cancellation_slot;

        explicit handler(inflight_of& core) noexcept : core_(&core) {}
        handler(handler&&) noexcept = default;
        handler& operator=(handler&&) = delete;
        ~handler() {
            if (core_)
                core_->dropped();
        }

        void operator()(Results... values) {
            auto core = std::move(core_);
            core->results_.set(std::move(values)...);
            core->completed();
        }

        executor_type get_executor() const noexcept { return core_->executor(); }
        cancellation_slot_type get_cancellation_slot() const noexcept {
            return core_->slot();
        }

    private:
        counted<inflight_of> core_;
    };

    results results_;
};

/// With what has to live as long as the operation's handler.
template <class Signature, class... Keep>
class inflight_with final : public inflight_of<Signature> {
public:
    template <class... K>
    explicit inflight_with(K&&... keep) : keep_(std::forward<K>(keep)...) {}

private:
    std::tuple<Keep...> keep_;
};

/// The wait for a result: that of an event, which then takes it.
template <class Core>
class inflight_operation final : public sync_operation<wait_count> {
public:
    explicit inflight_operation(Core& core) noexcept : sync_operation(core) {}

    bool attempt_locked(wake_list&) noexcept override { return core_.zero_locked(); }
    void describe(std::string& to) const override { describe_wait(to, core_.what()); }
    auto take() { return static_cast<Core&>(core_).take_result(); }
};

}  // namespace detail

/// inflight is an Asio operation that stays in flight over many waits. As an arm of
/// select it happens when the operation has completed; if another arm happens the
/// operation goes on, and keeps its result.
///
///     heddle::inflight reading(socket.async_read_some(buffer, heddle::deferred));
///     for (std::optional<note> n;;)
///         switch (co_await heddle::select(reading, notes.receive(n), heddle::after(30s))) {
///         case 0:
///             use(buffer, reading.result());
///             reading.start(socket.async_read_some(buffer, heddle::deferred));
///             break;
///         ...
///
/// The operation is started when the inflight is made, and again by start(). While it
/// has neither a result nor an operation, it is a nil arm: never ready.
///
/// keep...: what the operation uses, moved in or shared_ptrs; it lives until the
/// inflight and the operation's handler are gone. Requires: without it the operation is
/// a single step of a socket or timer (async_read_some, async_wait, not async_read or
/// TLS), and the inflight is destroyed before that object, in its task's host.
///
/// Threads   made, waited for and asked by tasks of one host at a time; the operation
///           may belong to another context.
/// Resumes   on the task's host, after the operation has completed. The handlers of the
///           operation, those of a composed one too, run in the host that started it.
/// Cancel    a done token ends the wait and not the operation; stop() and the
///           destructor end the operation, by terminal cancellation emitted on its own
///           executor.
/// Lifetime  to destroy it cancels, and does not wait. One allocation, when it is made;
///           none for an operation but Asio's own. The cancellation handler that an
///           operation put into its slot goes when it has completed, before that can be
///           seen.
/// Errors    made or started outside a task: not_in_task. start() while one is in
///           flight or has a result that was not taken, result() where there is none,
///           and any use of one that was moved from, but has_result():
///           std::logic_error.
template <class Signature>
class [[nodiscard]] inflight {
    using core_type = detail::inflight_of<Signature>;

public:
    template <detail::startable Op, class... Keep>
        requires std::is_same_v<detail::signature_of<Op>, Signature>
    explicit inflight(Op&& op, Keep&&... keep)
        : core_(core_.adopt(new detail::inflight_with<Signature, std::decay_t<Keep>...>(
              std::forward<Keep>(keep)...))) {
        start(std::forward<Op>(op));
    }
    inflight(inflight&&) noexcept = default;
    inflight& operator=(inflight&& o) noexcept {
        std::swap(core_, o.core_);
        return *this;
    }
    ~inflight() {
        if (core_)
            core_->cancel();
    }

    /// Starts another operation of the same signature.
    template <detail::startable Op>
        requires std::is_same_v<detail::signature_of<Op>, Signature>
    void start(Op&& op) {
        here().start(detail::as_asio_op(std::forward<Op>(op)));
    }

    bool has_result() const noexcept { return core_ && core_->zero(); }

    /// Takes the result, as use_task gives it: nothing, the value or a tuple; throws
    /// system_error if the operation failed.
    typename core_type::result_type result() { return here().take_result(); }

    /// Cancels the operation and waits until it has ended, whatever the token in force;
    /// then throws `cancelled` if that is closed. The result of an operation that
    /// completed before it could be cancelled can still be taken.
    task<> stop() {
        return detail::join_cancelled(detail::counted<detail::inflight_core>(&here()));
    }

    // -- for the library ------------------------------------------------------------
    /// `co_await reading` waits, and gives result().
    auto await_by(detail::process& self) {
        return detail::await_one<detail::inflight_operation<core_type>>(self, here());
    }
    using arm_node = detail::count_operation;
    static constexpr bool arm_by_reference = true;
    detail::wait_count& core() const { return here(); }

private:
    core_type& here() const {
        if (!core_)
            detail::throw_moved_inflight();
        return *core_;
    }

    detail::counted<core_type> core_;
};

template <detail::startable Op, class... Keep>
inflight(Op&&, Keep&&...) -> inflight<detail::signature_of<Op>>;

}  // namespace heddle
