// SPDX-License-Identifier: BSL-1.0
// mistake: arguments that do not fit the function of a `wait_group::go`
// error: mind their number, order and types
#include <heddle/heddle.hpp>

heddle::task<> greet(std::string name);

void greet_in(heddle::wait_group& all) { all.go(greet, 7); }
