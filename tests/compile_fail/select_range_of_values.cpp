// SPDX-License-Identifier: BSL-1.0
// mistake: a select of arms that a view makes
// error: put them into a std::vector first
#include <heddle/heddle.hpp>

#include <ranges>
#include <vector>

// The arms would be destroyed before the select waits, so a range must hold them.
heddle::task<> f(heddle::sender<std::string> out, std::vector<std::string> words) {
    auto arm = [out](const std::string& word) { return out.send(word); };
    co_await heddle::select(words | std::views::transform(arm));
}
