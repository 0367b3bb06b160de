// SPDX-License-Identifier: BSL-1.0
// mistake: a `run` of a task that has a name
// error: write std::move\(task\)
#include <heddle/heddle.hpp>

heddle::task<> f();

int main() {
    auto work = f();
    heddle::run(work);
}
