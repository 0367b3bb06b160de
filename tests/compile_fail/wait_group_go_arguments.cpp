// SPDX-License-Identifier: BSL-1.0
// error: no matching (member )?function for call to .*go
#include <heddle/heddle.hpp>

heddle::task<> greet(std::string name);

void greet_in(heddle::wait_group& all) { all.go(greet, 7); }
