// SPDX-License-Identifier: BSL-1.0
// What threads cost each other on this machine: the figures that many_cores.py needs.
// Each is the median of many, in nanoseconds; two threads are pinned to two cores.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

double now() {
    using namespace std::chrono;
    return double(
        duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

double median(std::vector<double> v) {
    std::nth_element(v.begin(), v.begin() + long(v.size() / 2), v.end());
    return v[v.size() / 2];
}

/// Returns the median over `rounds` of the time that one of `n` calls of f takes.
template <class F>
double each(int rounds, int n, F f) {
    std::vector<double> v;
    for (int i = 0; i < rounds; ++i) {
        double start = now();
        for (int k = 0; k < n; ++k)
            f(k);
        v.push_back((now() - start) / n);
    }
    return median(v);
}

/// A thread on the other core that calls f again and again as long as this object lives.
class other_core {
public:
    explicit other_core(std::function<void()> f)
        : thread_([this, f] {
              pin(1);
              while (!over_.load(std::memory_order_relaxed))
                  f();
          }) {}
    ~other_core() {
        over_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> over_{false};
    std::thread thread_;
};

struct alignas(128) line {
    std::atomic<long> word{0};
    line* next = nullptr;
};

/// A word goes to the other core and back: two transfers.
double transfer() {
    line l;
    other_core answer([&] {
        if (long seen = l.word.load(); seen % 2)
            l.word.store(seen + 1);
    });
    return each(401, 500,
                [&](int) {
                    long sent = l.word.load() + 1;
                    l.word.store(sent);
                    while (l.word.load() == sent) {
                    }
                }) /
           2;
}

/// Both cores add to one word. A round in which the other one had lost its core does not
/// count.
double contended_add() {
    constexpr int n = 2000;
    line l;
    other_core adds([&] { ++l.word; });
    std::vector<double> v;
    for (int i = 0; i < 1000; ++i) {
        long before = l.word;
        double start = now();
        for (int k = 0; k < n; ++k)
            ++l.word;
        double took = now() - start;
        if (long all = l.word - before; all > n + n / 4)
            v.push_back(took / double(all));
    }
    return v.empty() ? 0 : median(v);
}

/// Reads lines that the other core has written last: along a list, as a thief takes tasks,
/// or side by side, as a searcher looks at the workers.
double remote_line(bool along_list) {
    constexpr std::size_t n = 256;
    std::vector<line> lines(n);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    for (std::size_t i = 0; i + 1 < n; ++i)
        lines[order[i]].next = &lines[order[i + 1]];
    std::atomic<long> turn{0};
    std::atomic<long> sum{0};
    other_core writer([&] {
        if (turn.load() % 2 == 0) {
            for (auto& l : lines)
                l.word.fetch_add(1, std::memory_order_relaxed);
            turn.fetch_add(1);
        }
    });
    std::vector<double> v;
    for (int i = 0; i < 1000; ++i) {
        while (turn.load() % 2 == 0) {
        }
        double start = now();
        long found = 0;
        if (along_list)
            for (line* l = &lines[order[0]]; l; l = l->next)
                ++found;
        else
            for (std::size_t k : order)
                found += lines[k].word.load(std::memory_order_relaxed);
        v.push_back((now() - start) / n);
        sum = found;
        turn.fetch_add(1);
    }
    return median(v);
}

long futex(std::atomic<int>& word, int operation, int value) {
    return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr,
                   nullptr, 0);
}

/// Wakes a thread that sleeps: by `wake`, in which `sleep` waits.
void wake_up(std::map<std::string, double>& out, const std::string& name,
             std::function<void()> sleep, std::function<void()> wake) {
    std::atomic<double> woken{0};
    std::atomic<bool> sleeps{false}, over{false};
    std::thread sleeper([&] {
        pin(1);
        while (!over) {
            sleeps = true;
            sleep();
            woken = now();
        }
    });
    std::vector<double> latency, call;
    for (int i = 0; i < 1500; ++i) {
        while (!sleeps.exchange(false))
            relax();
        for (double until = now() + 60'000; now() < until;)
            relax();  // by now it sleeps
        woken = 0;
        if (i == 1499)
            over = true;
        double start = now();
        wake();
        call.push_back(now() - start);
        while (woken == 0)
            relax();
        latency.push_back(woken - start);
    }
    sleeper.join();
    out[name + "_call"] = median(call);
    out[name + "_latency"] = median(latency);
}

void wake_ups(std::map<std::string, double>& out) {
    std::atomic<int> word{0};
    wake_up(
        out, "futex",
        [&] {
            while (word.exchange(0) == 0)
                futex(word, FUTEX_WAIT, 0);
        },
        [&] {
            word = 1;
            futex(word, FUTEX_WAKE, 1);
        });

    int bell = eventfd(0, EFD_NONBLOCK), set = epoll_create1(0);
    epoll_event e{};
    e.events = EPOLLIN | EPOLLET;
    epoll_ctl(set, EPOLL_CTL_ADD, bell, &e);
    wake_up(
        out, "epoll",
        [&] {
            epoll_event got;
            epoll_wait(set, &got, 1, -1);
        },
        [&] { eventfd_write(bell, 1); });
    close(bell);
    close(set);
}

/// The kernel's part of a connection: to look, per event, and to read and write.
void sockets(std::map<std::string, double>& out) {
    constexpr int n = 128;
    int set = epoll_create1(0);
    std::vector<int> far;
    std::vector<int> near;
    for (int i = 0; i < n; ++i) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
            return;
        epoll_event e{};
        e.events = EPOLLIN | EPOLLET;
        epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &e);
        near.push_back(pair[0]);
        far.push_back(pair[1]);
    }
    epoll_event got[n];
    out["epoll_look"] = each(101, 200, [&](int) { epoll_wait(set, got, n, 0); });
    char byte[64] = {};
    std::vector<double> events, sends, reads;
    for (int round = 0; round < 300; ++round) {
        double a = now();
        for (int fd : far)
            (void)!write(fd, byte, sizeof byte);
        double b = now();
        epoll_wait(set, got, n, 0);
        double c = now();
        for (int fd : near)
            (void)!read(fd, byte, sizeof byte);
        double d = now();
        sends.push_back((b - a) / n);
        events.push_back((c - b) / n);
        reads.push_back((d - c) / n);
    }
    out["epoll_event"] = median(events);
    out["socket_write"] = median(sends);
    out["socket_read"] = median(reads);
    for (int fd : far)
        close(fd);
    for (int fd : near)
        close(fd);

    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    out["timer_set"] = each(101, 200, [&](int k) {
        itimerspec t{};
        t.it_value.tv_sec = 100 + k % 2;
        timerfd_settime(timer, 0, &t, nullptr);
    });
    close(timer);
    close(set);
}

/// A barrier of all threads, and what it takes from a thread that runs meanwhile.
void barriers(std::map<std::string, double>& out) {
    auto barrier = [](int command) {
        return syscall(SYS_membarrier, command, 0, 0) == 0;
    };
    if (!barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
        return;
    auto pass = [&] { barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); };
    out["barrier_alone"] = each(101, 200, [&](int) { pass(); });
    // A round counts if the other core ran all the time: the longest gap that it sees in
    // its clock is short.
    std::atomic<long> rounds{0};
    std::atomic<double> gap{0};
    double last = now();
    other_core busy([&] {
        double t = now();
        if (t - last > gap)
            gap = t - last;
        last = t;
        rounds.store(rounds.load(std::memory_order_relaxed) + 1,
                     std::memory_order_relaxed);
    });
    struct pace {
        double rounds, calls;  // of the other core, and of this one, for each ns
    };
    auto measure = [&](auto f) {
        std::vector<double> theirs, ours;
        for (int i = 0; i < 2000; ++i) {
            gap = 0;
            long before = rounds, calls = 0;
            double start = now(), end = start;
            for (; end < start + 200'000; end = now(), ++calls)
                f();
            if (gap < 50'000 && rounds != before) {
                theirs.push_back(double(rounds - before) / (end - start));
                ours.push_back(double(calls) / (end - start));
            }
        }
        return theirs.empty() ? pace{} : pace{median(theirs), median(ours)};
    };
    auto quiet = measure([] { relax(); });
    auto noisy = measure([&] { pass(); });
    out["barrier_busy"] = 1 / noisy.calls - out["clock"];
    out["barrier_victim"] = (1 - noisy.rounds / quiet.rounds) / noisy.calls;
}

}  // namespace

int main() {
    pin(0);
    std::map<std::string, double> out;
    out["clock"] = each(401, 1000, [](int) { now(); });
    out["pause"] = each(401, 1000, [](int) { relax(); });
    std::mutex m;
    std::thread([] {}).join();  // from here on libraries take their locks
    other_core idle([] { usleep(10'000); });
    out["mutex"] = each(401, 1000, [&](int) { std::lock_guard g(m); });
    out["yield"] = each(401, 1000, [](int) { sched_yield(); });
    out["line"] = transfer();
    out["add"] = contended_add();
    out["node"] = remote_line(true);
    out["scan"] = remote_line(false);
    wake_ups(out);
    sockets(out);
    barriers(out);
    std::puts("{");
    for (auto i = out.begin(); i != out.end();) {
        std::printf("  \"%s\": %.1f", i->first.c_str(), i->second);
        std::puts(++i == out.end() ? "" : ",");
    }
    std::puts("}");
}
