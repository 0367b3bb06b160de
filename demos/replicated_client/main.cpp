// SPDX-License-Identifier: BSL-1.0
// A client asks one replica after the other until one answers in time; a sticky client begins with that one.
// main.go is the same program in Go; both print expected.txt, or with --sticky expected_sticky.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <vector>

using namespace std::chrono_literals;

struct result {
    std::size_t server;
    int reply;
};

class client {
public:
    client(std::vector<heddle::duration> latencies, bool sticky)
        : latencies_(latencies), sticky_(sticky) {}

    heddle::task<result> call(int argument) {
        heddle::channel<result> done(latencies_.size());  // late replies stay in it
        std::optional<result> r;
        for (std::size_t i = 0; i < latencies_.size(); ++i) {
            heddle::go(ask, (prefer_ + i) % latencies_.size(), latencies_, argument,
                       done);
            if (co_await heddle::select(done.receive(r), heddle::after(100ms)) == 0)
                break;
        }
        if (!r)
            r = co_await done.receive();
        if (sticky_)
            prefer_ = r->server;
        co_return *r;
    }

private:
    // This stands for a request to a server.
    static heddle::task<> ask(std::size_t server,
                              std::vector<heddle::duration> latencies, int argument,
                              heddle::sender<result> done) {
        co_await heddle::sleep(latencies[server]);
        co_await done.emplace(server, argument * argument);
    }

    std::vector<heddle::duration> latencies_;
    bool sticky_;
    std::size_t prefer_ = 0;
};

heddle::task<> replicated_client(bool sticky) {
    client c({10s, 180ms, 30ms}, sticky);
    for (int n = 1; n <= 3; ++n) {
        auto start = heddle::now();
        auto r = co_await c.call(n);
        std::cout << "server " << r.server << " replies " << r.reply << " after "
                  << (heddle::now() - start) / 1ms << " ms\n";
    }
}

int main(int argc, char** argv) {
    bool sticky = false;
    read_options(argc, argv, "replicated_client [--sticky]", {{"sticky", sticky}});
    heddle::run(replicated_client(sticky));
}
