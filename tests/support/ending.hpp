// SPDX-License-Identifier: BSL-1.0
// How a wait ended, as a string: doctest's CHECK_THROWS cannot contain a co_await.
#pragma once

#include <heddle/heddle.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace test {

/// The message of a cause; "none" for null.
inline std::string why(const std::exception_ptr& cause) {
    if (!cause)
        return "none";
    try {
        std::rethrow_exception(cause);
    } catch (const heddle::done_closed&) {
        return "closed";
    } catch (const heddle::deadline_exceeded&) {
        return "deadline";
    } catch (const heddle::timed_out&) {
        return "timed out";
    } catch (const heddle::cancelled& c) {
        return "cancelled: " + why(c.cause());
    } catch (const heddle::already_joined&) {
        return "already joined";
    } catch (const heddle::task_abandoned&) {
        return "abandoned";
    } catch (const heddle::not_in_task&) {
        return "not in task";
    } catch (const std::exception& e) {
        std::string text = e.what();
        return text.substr(0,
                           text.find(" [system:"));  // Boost adds the number and place
    }
}

inline std::exception_ptr cause(const char* text) {
    return std::make_exception_ptr(std::runtime_error(text));
}

/// Returns "ok", or the message of the exception that the wait threw. Await it in the
/// expression that makes `op`.
template <class Op>
heddle::task<std::string> ending(Op&& op) {
    try {
        (void)co_await static_cast<Op&&>(op);
    } catch (...) {
        co_return why(std::current_exception());
    }
    co_return "ok";
}

/// The same for a plain call.
template <class F>
std::string ending_of_call(F&& f) {
    try {
        f();
    } catch (...) {
        return why(std::current_exception());
    }
    return "ok";
}

/// The same for an Asio operation: "ok", "closed", "aborted", or another message.
inline std::string text(heddle::error_code ec) {
    if (!ec)
        return "ok";
    if (ec == heddle::errc::closed)
        return "closed";
    return ec == asio::error::operation_aborted ? "aborted" : ec.message();
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace test
