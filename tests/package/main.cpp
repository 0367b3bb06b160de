// SPDX-License-Identifier: BSL-1.0
// A user's program: it has an io_context and a handler, and adds tasks and a channel.
#include <heddle/heddle.hpp>

#ifdef HEDDLE_BOOST_ASIO
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
namespace asio = boost::asio;
#else
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#endif

#include <cstdio>
#include <exception>

heddle::task<> doubler(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(2 * *v);
    out.close();
}

int main() {
    asio::io_context context;
    heddle::channel<int> in, out;
    heddle::go(context, doubler, in, out);
    asio::post(context, [&] {
        in.async_send(context, 21, [in](heddle::error_code) { in.close(); });
    });

    int sum = 0;
    heddle::go(context, [&]() -> heddle::task<> {
        while (auto v = co_await out.receive())
            sum += *v;
        try {  // thrown in the library and caught here, so both must agree on its type
            out.close();
        } catch (const heddle::channel_closed&) {
            std::printf("%d\n", sum);
        }
    });
    context.run();
    return heddle::live_tasks(context) == 0 && sum == 42 ? 0 : 1;
}
