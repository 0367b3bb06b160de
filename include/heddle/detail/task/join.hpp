// SPDX-License-Identifier: BSL-1.0
// A process with its result, and the waits for its end.
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/handlers/token_wait.hpp>
#include <heddle/task.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

[[noreturn]] HEDDLE_API void throw_already_joined(const char* what);

/// Claims the result of a process: only the claimer may take it. Throws already_joined
/// if it was claimed before, or if `p` is null.
HEDDLE_API void claim_result(process* p);

/// A process with a place for its result.
template <class T>
struct joinable final : process {
    using process::process;

    void settle() noexcept override {
        auto& root = static_cast<typename task<T>::promise_type&>(*top);
        if (root.failure)
            failure = std::move(root.failure);
        else
            keep_result(root);
        top = nullptr;
        root.frame().destroy();
    }

    void forget_result() noexcept override {
        failure = nullptr;
        if constexpr (requires { value.reset(); })
            value.reset();
    }

    T take_value() {
        if constexpr (std::is_reference_v<T>)
            return *value;
        else if constexpr (!std::is_void_v<T>)
            return *std::exchange(value, std::nullopt);
    }

    struct nothing {};
    using value_type = std::conditional_t<
        std::is_void_v<T>, nothing,
        std::conditional_t<
            std::is_reference_v<T>, std::remove_reference_t<T>*,
            std::optional<std::conditional_t<std::is_void_v<T>, char, T>>>>;
    [[no_unique_address]] value_type value{};

private:
    void keep_result(typename task<T>::promise_type& root) noexcept {
        try {
            if constexpr (std::is_reference_v<T>)
                value = &root.take();
            else if constexpr (!std::is_void_v<T>)
                value.emplace(root.take());
        } catch (...) {
            failure = std::current_exception();
        }
    }
    void dispose() noexcept override { delete this; }
};

/// Takes the result of a process, or rethrows its failure. Requires: the process has
/// ended, and nobody else has taken its result.
template <class T>
T result_of(joinable<T>& p) {
    if (p.failure)
        std::rethrow_exception(std::exchange(p.failure, nullptr));
    return p.take_value();
}

/// The wait for a process to end.
class HEDDLE_API join_operation : public operation {
public:
    explicit join_operation(process* p) noexcept : process_(p) {}

    spin_lock* source() const noexcept override {
        return process_ ? &process_->lock : nullptr;
    }
    bool attempt_locked(wake_list&) noexcept override { return process_->ended; }
    void enlist_locked() noexcept override { process_->joiners.push_back(*this); }
    void describe(std::string& to) const override;
    bool happens_once() const noexcept override { return true; }

protected:
    ~join_operation() = default;
    process* process_;

private:
    bool leave_queue() noexcept override {
        return leave(process_->joiners, process_->lock, *this);
    }
};

template <class T>
class join_and_take final : public join_operation {
public:
    explicit join_and_take(joinable<T>& p) noexcept : join_operation(&p) {}
    process* joined() const noexcept { return process_; }
    T take() {
        if (process_->taken)  // by another joiner, which came first
            throw_already_joined("heddle: this task was joined before");
        process_->taken = true;
        return result_of(static_cast<joinable<T>&>(*process_));
    }
    wait_failure take_failure() noexcept {
        if (process_->taken || !process_->failure)
            return {};  // take() throws
        process_->taken = true;
        return {std::exchange(process_->failure, nullptr), {}};
    }
};

class async_join_operation final : public join_operation {
public:
    template <no_operation Traits>
    explicit async_join_operation(Traits& t) noexcept
        : join_operation(t.process.get()) {}
};

class join_arm final : public join_operation {
public:
    template <no_operation Handle>
    explicit join_arm(Handle& h) noexcept : join_operation(h.get()) {}
    void take() const noexcept {}
};

/// The wait of a completion handler for the end of a process, whose result it takes.
template <class T>
struct async_join_traits {
    using operation = async_join_operation;
    using value = std::conditional_t<
        std::is_void_v<T>, void,
        std::conditional_t<std::is_default_constructible_v<T>, T, std::optional<T>>>;

    auto result(operation&, bool aborted) {
        std::exception_ptr failure;
        if (aborted) {
            process->give_back();
            failure = prepared().operation_aborted;
        } else {
            failure = std::exchange(process->failure, nullptr);
        }
        if constexpr (std::is_void_v<T>)
            return std::tuple<std::exception_ptr>(failure);
        else if constexpr (std::is_nothrow_move_constructible_v<value> &&
                           std::is_nothrow_default_constructible_v<value>)
            return std::tuple<std::exception_ptr, value>(
                failure, failure ? value{} : value(process->take_value()));
        else
            return boxed(std::move(failure));
    }

    /// Boxes the result. If its move throws, that exception is the failure.
    auto boxed(std::exception_ptr failure) noexcept {
        boxed_result<value> result;
        try {
            if (!failure)
                result.value = std::make_unique<value>(process->take_value());
        } catch (...) {
            failure = std::current_exception();
        }
        return std::tuple<std::exception_ptr, boxed_result<value>>(std::move(failure),
                                                                   std::move(result));
    }

    /// The result is claimed when the wait begins: a lazy token may never begin it.
    void begin() {
        claim_result(process.get());
        claimed = true;
    }
    void not_begun() noexcept {
        if (std::exchange(claimed, false))
            process->give_back();
    }

    counted<joinable<T>> process;
    bool claimed = false;
};

template <class T>
struct signature_of_join {
    using type = void(std::exception_ptr, typename async_join_traits<T>::value);
};
template <>
struct signature_of_join<void> {
    using type = void(std::exception_ptr);
};

}  // namespace heddle::detail
