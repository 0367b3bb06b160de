// SPDX-License-Identifier: BSL-1.0
// Skynet on a runtime written by hand: a tree of tasks, ten children each, whose leaves
// are added up.
#include "../measure.hpp"
#include "channel.hpp"

using namespace limit;

namespace {

// ---- children send to their parent ----

process by_channel(channel<long>& out, long first, long leaves) {
    if (leaves == 1) {
        co_await out.send(first);
        co_return;
    }
    channel<long> c;
    long sum = 0;
    for (int i = 0; i < 10; ++i)
        spawn(by_channel(c, first + i * (leaves / 10), leaves / 10));
    for (int i = 0; i < 10; ++i) {
        long v = 0;
        co_await c.receive(v);
        sum += v;
    }
    co_await out.send(sum);
}

process take(channel<long>& c, long& sum) {
    co_await c.receive(sum);
    co_await leave();
}

result skynet_channels(arguments a) {
    channel<long> c;
    long sum = 0;
    stopwatch watch;
    spawn(by_channel(c, 0, a.n));
    spawn(take(c, sum));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- a parent joins its children ----

process by_join(long& to, join& parent, long first, long leaves) {
    to = first;
    if (leaves > 1) {
        join children(10);
        long sums[10];
        for (int i = 0; i < 10; ++i)
            spawn(by_join(sums[i], children, first + i * (leaves / 10), leaves / 10));
        co_await children;
        to = 0;
        for (long s : sums)
            to += s;
    }
    parent.done();
}

process join_root(long& sum, long n) {
    join root(1);
    spawn(by_join(sum, root, 0, n));
    co_await root;
    co_await leave();
}

result skynet_join(arguments a) {
    long sum = 0;
    stopwatch watch;
    spawn(join_root(sum, a.n));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"skynet_channels", skynet_channels},
    {"skynet_join", skynet_join},
};

}  // namespace
