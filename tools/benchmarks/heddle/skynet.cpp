// SPDX-License-Identifier: BSL-1.0
// Skynet in heddle: a tree of tasks, ten children each, whose leaves are added up.
#include "peer.hpp"

namespace {

// ---- children send to their parent ----

heddle::task<> by_channel(heddle::sender<long> out, long first, long leaves) {
    if (leaves == 1) {
        co_await out.send(first);
        co_return;
    }
    heddle::channel<long> c;
    long sum = 0;
    for (int i = 0; i < 10; ++i)
        heddle::go(by_channel, c, first + i * (leaves / 10), leaves / 10);
    for (int i = 0; i < 10; ++i)
        sum += *co_await c.receive();
    co_await out.send(sum);
}

heddle::task<result> skynet_channels(arguments a) {
    stopwatch watch;
    heddle::channel<long> c;
    heddle::go(by_channel, c, 0, a.n);
    const long sum = *co_await c.receive();
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a parent joins its children ----

heddle::task<long> by_join(long first, long leaves) {
    if (leaves == 1)
        co_return first;
    heddle::join_handle<long> children[10];
    long sum = 0;
    for (int i = 0; i < 10; ++i)
        children[i] = heddle::go(by_join, first + i * (leaves / 10), leaves / 10);
    for (auto& child : children)
        sum += co_await child;
    co_return sum;
}

heddle::task<result> skynet_join(arguments a) {
    stopwatch watch;
    const long sum = co_await by_join(0, a.n);
    co_return result{a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"skynet_channels", run<skynet_channels>},
    {"skynet_join", run<skynet_join>},
};

}  // namespace
