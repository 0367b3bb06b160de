// SPDX-License-Identifier: BSL-1.0
// Two files of one program include Asio, one of them after <thread>. They must agree about
// the types in an io_context, in any order of includes. On MinGW the end of the context once
// waited for ever, for a thread of another type than timer.cpp had started.
#include <heddle/detail/platform/asio.hpp>

#include <asio/io_context.hpp>

void wait_in(asio::io_context& ctx);  // timer.cpp

int main() {
    for (int i = 0; i < 100; ++i) {
        asio::io_context ctx;
        wait_in(ctx);
        if (ctx.run() == 0)  // on io_uring it may count more than the timer
            return 1;
    }
}
