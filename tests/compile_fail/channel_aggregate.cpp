// SPDX-License-Identifier: BSL-1.0
// error: use emplace\(args
#include <heddle/heddle.hpp>

#include <string>

struct message {
    int n;
    std::string text;
};

// Compilers that destroy the aggregate only once do not warn.
#if defined(__clang__) || __GNUC__ >= 13
#error "not affected: no need to use emplace(args...)"
#endif
#pragma GCC diagnostic error "-Wdeprecated-declarations"

heddle::task<> talk(heddle::sender<message> out) { co_await out.send(message{1, "x"}); }
