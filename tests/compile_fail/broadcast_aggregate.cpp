// SPDX-License-Identifier: BSL-1.0
// mistake: `b.send({1, "x"})` on a broadcast, which g++ 12 destroys twice
// error: write b.emplace\(args|not affected
#include <heddle/heddle.hpp>

#include <string>

struct message {
    int n;
    std::string text;
};

// Other compilers destroy the aggregate once: there this is right.
#if defined(__clang__) || __GNUC__ >= 13
#error "not affected"
#endif

heddle::task<> talk(heddle::broadcast<message> b) { co_await b.send({1, "x"}); }
