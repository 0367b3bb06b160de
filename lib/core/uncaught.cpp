// SPDX-License-Identifier: BSL-1.0
// What a program says when it ends by an exception that came from a task and that nobody
// has caught.
#include "core/uncaught.hpp"

#include <heddle/errors.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

/// The last exception that has left the library, and the task that it left. The text tells
/// it from a later exception at the same address.
struct escape {
    const void* exception = nullptr;
    char text[128] = "";
    char who[128] = "";
};
escape last;
spin_lock lock_of_last;

std::terminate_handler terminate_before = nullptr;

std::string what_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (const cancelled& c) {
        return what_of(c.cause());
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

/// Returns the task that `exception` has left, or else "a task".
std::string task_left_by(const void* exception, const char* text) {
    guard g(lock_of_last);
    bool same = last.exception == exception &&
                std::strncmp(last.text, text, sizeof last.text - 1) == 0;
    return same ? last.who : "";
}

void explain(const cancelled& c) {
    std::string cause = what_of(c.cause());
    std::string who = task_left_by(&c, "");
    std::fprintf(stderr,
                 "heddle: heddle::cancelled left %s, and nobody caught it; a wait of "
                 "task %llu was cancelled, because of: %s; catch it where a call or a "
                 "joined task may be cancelled\n",
                 who.empty() ? "a task or a join" : who.c_str(),
                 static_cast<unsigned long long>(c.thrown_in()), cause.c_str());
}

void explain(const std::exception& e) {
    std::string who = task_left_by(&e, e.what());
    if (!who.empty())
        std::fprintf(stderr, "heddle: an exception left %s, and nobody caught it: %s\n",
                     who.c_str(), e.what());
}

[[noreturn]] void end_with_words() {
    if (auto escaped = std::current_exception()) {
        try {
            std::rethrow_exception(escaped);
        } catch (const deadlock& d) {
            // The report follows the output of the program, and the exit code is Go's.
            std::cout.flush();
            std::fflush(nullptr);
            std::fputs(d.what(), stderr);
            std::_Exit(2);
        } catch (const cancelled& c) {
            explain(c);
        } catch (const std::exception& e) {
            explain(e);
        } catch (...) {
        }
    }
    if (terminate_before)
        terminate_before();
    std::abort();
}

void remember(const void* exception, const char* text, const std::string& who) {
    guard g(lock_of_last);
    last.exception = exception;
    std::snprintf(last.text, sizeof last.text, "%s", text);
    std::snprintf(last.who, sizeof last.who, "%s", who.c_str());
}

}  // namespace

void explain_uncaught() noexcept {
    auto before = std::set_terminate(end_with_words);
    if (before != end_with_words)
        terminate_before = before;
}

void note_escape(const std::exception_ptr& failure, const std::string& who) noexcept {
    explain_uncaught();
    try {
        std::rethrow_exception(failure);
    } catch (const cancelled& c) {
        remember(&c, "", who);
    } catch (const std::exception& e) {
        remember(&e, e.what(), who);
    } catch (...) {  // its address is not known: the task is not named
    }
}

}  // namespace heddle::detail
