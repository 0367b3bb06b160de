// SPDX-License-Identifier: BSL-1.0
// This file includes standard headers, then Asio, then heddle. The other file runs the
// event loop, and frees the memory that is allocated here.
#include <cstdio>
#include <memory>

#include <asio.hpp>

#include <heddle/heddle.hpp>

int run(asio::io_context& ctx);

int main() {
    asio::io_context ctx;
    int sum = 0;
    for (int i = 0; i < 20; ++i)
        asio::post(ctx, [&sum] { ++sum; });
    heddle::channel<int> out;
    heddle::go(
        ctx,
        [](heddle::sender<int> to) -> heddle::task<> {
            for (int i = 0; i < 2; ++i) {
                co_await heddle::sleep(std::chrono::microseconds(100));
                co_await to.send(1);
            }
            to.close();
        },
        out);
    heddle::go(
        ctx,
        [](heddle::receiver<int> from, int& to) -> heddle::task<> {
            while (auto v = co_await from.receive())
                to += *v;
        },
        out, std::ref(sum));
    run(ctx);
    sum += heddle::run([]() -> heddle::task<int> {
        auto half =
            co_await heddle::go_blocking([] { return std::make_unique<int>(10); });
        co_return 2 * *half;
    }());
    std::printf("%d\n", sum);
}
