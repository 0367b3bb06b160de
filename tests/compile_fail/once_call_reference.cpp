// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

void load(int& table) { table = 1; }

heddle::task<> load_once(heddle::once& loaded, int& table) {
    co_await loaded.call(load, table);
}

int main() {}
