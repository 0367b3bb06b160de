// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` in `main`
// error: co_await. cannot be used in the .main. function
#include <heddle/heddle.hpp>

int main() {
    heddle::channel<int> c(1);
    co_await c.send(1);
}
