// SPDX-License-Identifier: BSL-1.0
// mistake: `c.send({1, "x"})`, which g++ 12 destroys twice
// error: write c.emplace\(args|not affected
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

heddle::task<> talk(heddle::sender<message> out) { co_await out.send({1, "x"}); }
