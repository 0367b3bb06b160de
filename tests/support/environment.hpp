// SPDX-License-Identifier: BSL-1.0
// What a test exchanges with its process: environment variables and stderr.
#pragma once

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace test {

/// Sets an environment variable for as long as it lives.
class environment {
public:
    environment(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name))
            old_ = old;
        set(value);
    }
    environment(const environment&) = delete;
    ~environment() {
        if (old_)
            set(*old_);
        else
            unset();
    }

private:
#ifdef _WIN32
    void set(const std::string& value) { ::_putenv_s(name_, value.c_str()); }
    void unset() { set(""); }
#else
    void set(const std::string& value) { ::setenv(name_, value.c_str(), 1); }
    void unset() { ::unsetenv(name_); }
#endif

    const char* name_;
    std::optional<std::string> old_;
};

/// Returns the number in an environment variable, or `usual` if it is not set.
inline std::uint64_t number_in(const char* variable, std::uint64_t usual) {
    const char* given = std::getenv(variable);
    return given ? std::strtoull(given, nullptr, 10) : usual;
}

/// Returns the text that f() writes to stderr, and the message of its exception.
template <class F>
std::pair<std::string, std::string> stderr_of(F f) {
    const auto file = (std::filesystem::temp_directory_path() /
                       ("heddle-stderr-" + std::to_string(::getpid())))
                          .string();
    std::string message;
    std::fflush(stderr);
    int before = ::dup(2);
    REQUIRE(std::freopen(file.c_str(), "w", stderr));
    try {
        f();
    } catch (const std::exception& e) {
        message = e.what();
    }
    std::fflush(stderr);
    ::dup2(before, 2);
    ::close(before);
    std::ifstream in(file);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    ::unlink(file.c_str());
    return {text, message};
}

}  // namespace test
