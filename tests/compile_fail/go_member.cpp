// SPDX-License-Identifier: BSL-1.0
// mistake: a `go` of a member function without its object
// error: a member function takes its object first
#include <heddle/heddle.hpp>

struct server {
    heddle::task<> run(int);
    void start() { heddle::go(&server::run, 1); }
};
