// SPDX-License-Identifier: BSL-1.0
// A TCP echo server on epoll: the least that one costs. It prints its port, and runs until it is
// killed.
#include "../measure.hpp"

#include <cstdio>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int check(int result) {
    if (result >= 0)
        return result;
    std::perror("echo");
    std::exit(1);
}

void watch(int epoll, int fd) {
    epoll_event readable{.events = EPOLLIN, .data = {.fd = fd}};
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &readable));
}

int listen_anywhere() {
    const int listener = check(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    check(bind(listener, reinterpret_cast<sockaddr*>(&address), size));
    check(listen(listener, SOMAXCONN));
    check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size));
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

void echo(int peer) {
    char data[4096];
    const auto n = recv(peer, data, sizeof data, 0);
    if (n <= 0 || send(peer, data, std::size_t(n), MSG_NOSIGNAL) != n)
        close(peer);
}

result serve(arguments) {
    const int epoll = check(epoll_create1(0)), listener = listen_anywhere();
    watch(epoll, listener);
    for (epoll_event events[128];;) {
        const int n = check(epoll_wait(epoll, events, 128, -1));
        for (int i = 0; i < n; ++i) {
            if (events[i].data.fd != listener) {
                echo(events[i].data.fd);
                continue;
            }
            const int peer = check(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK));
            const int on = 1;
            check(setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
            watch(epoll, peer);
        }
    }
}

const workload workloads[] = {{"echo", serve}};

}  // namespace
