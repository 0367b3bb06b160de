// SPDX-License-Identifier: BSL-1.0
// error: none
#include <heddle/heddle.hpp>

heddle::task<> relay(heddle::receiver<int> in, heddle::sender<int> out) {
    std::optional<int> v;
    while (co_await heddle::select(in.receive(v), heddle::this_task::done()) == 0 && v)
        co_await out.send(*v);
}

int main() {
    heddle::channel<int> in, out;
    heddle::run(relay(in, out));
}
