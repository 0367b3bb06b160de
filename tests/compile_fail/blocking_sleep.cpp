// SPDX-License-Identifier: BSL-1.0
// mistake: a task blocks its thread
// at run time: the other tasks of the host wait meanwhile; write `co_await heddle::sleep(1s)` or `heddle::go_blocking`
// error: none
#include <heddle/heddle.hpp>

#include <thread>

heddle::task<> f() {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    co_return;
}
