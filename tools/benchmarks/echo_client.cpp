// SPDX-License-Identifier: BSL-1.0
// The client of all echo servers. It has K connections, each with one request of 64 bytes under
// way, and sends N requests in all.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t request_size = 64;

int check(long result, const char* what) {
    if (result >= 0)
        return int(result);
    std::perror(what);
    std::exit(1);
}

int connect_to(int port) {
    const int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(static_cast<in_port_t>(port));
    check(connect(fd, reinterpret_cast<sockaddr*>(&server), sizeof server), "connect");
    const int on = 1;
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "no delay");
    return fd;
}

struct connection {
    int fd;
    long left;             // requests
    std::size_t read = 0;  // of the reply
    char sent[request_size], reply[request_size];

    void request() {
        std::memset(sent, int('a' + left % 26), request_size);
        check(send(fd, sent, request_size, MSG_NOSIGNAL), "send");
    }
    /// Returns whether a whole reply has come, and was right.
    bool receive() {
        read +=
            std::size_t(check(recv(fd, reply + read, request_size - read, 0), "recv"));
        if (read < request_size)
            return false;
        read = 0;
        return std::memcmp(sent, reply, request_size) == 0;
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: bench_echo_client PORT REQUESTS CONNECTIONS\n", stderr);
        return 2;
    }
    const int port = std::atoi(argv[1]);
    const long connections = std::atol(argv[3]);
    const long requests = std::atol(argv[2]) / connections * connections;

    const int epoll = check(epoll_create1(0), "epoll");
    std::vector<connection> all;
    for (long i = 0; i < connections; ++i) {
        epoll_event readable{.events = EPOLLIN, .data = {.u64 = std::uint64_t(i)}};
        all.push_back({connect_to(port), requests / connections});
        check(epoll_ctl(epoll, EPOLL_CTL_ADD, all.back().fd, &readable), "epoll_ctl");
    }
    const auto start = std::chrono::steady_clock::now();
    for (auto& c : all)
        c.request();
    long right = 0;
    for (epoll_event events[64]; right < requests;) {
        const int n = check(epoll_wait(epoll, events, 64, 10'000), "epoll_wait");
        if (n == 0) {
            std::fputs("no reply within 10 s\n", stderr);
            return 1;
        }
        for (int i = 0; i < n; ++i) {
            auto& c = all[events[i].data.u64];
            if (!c.receive())
                continue;
            ++right;
            if (--c.left > 0)
                c.request();
        }
    }
    const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%ld %lld %ld 0\n", requests, static_cast<long long>(elapsed.count()),
                right);
}
