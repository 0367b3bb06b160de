// SPDX-License-Identifier: BSL-1.0
// The completion-token forms of a channel's operations.
#pragma once

#include <heddle/detail/handlers/token_wait.hpp>
#include <heddle/detail/wait/channel_core.hpp>
#include <heddle/errors.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

template <class T>
class async_receive_operation final : public receive_operation<T> {
public:
    template <no_operation Traits>
    explicit async_receive_operation(Traits& t) noexcept
        : receive_operation<T>(t.end.core()) {}
};

template <class Receiver, class T>
struct async_receive_traits {
    using operation = async_receive_operation<T>;

    std::tuple<error_code, std::optional<T>> result(operation& op, bool aborted) {
        error_code ec;
        if (aborted)
            ec = asio::error::operation_aborted;
        std::tuple<error_code, std::optional<T>> all(ec, std::move(op.value));
        op.value.reset();
        return all;
    }

    Receiver end;  // keeps the channel
};

template <class Sender, class T>
struct async_send_traits {
    using operation = send_operation<T>;

    std::tuple<error_code> result(operation& op, bool aborted) {
        if (aborted)
            return {asio::error::make_error_code(asio::error::operation_aborted)};
        if (op.result == outcome::closed)
            return {make_error_code(errc::closed)};
        op.take();
        return {error_code()};
    }

    channel_core<T>* channel() const noexcept { return end.core(); }
    T& value() noexcept { return given; }

    Sender end;  // keeps the channel
    T given;
};

}  // namespace heddle::detail
