// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a group
// error: as in co_await group.wait\(\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::group& group) { co_await group; }
