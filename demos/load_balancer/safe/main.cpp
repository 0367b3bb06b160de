// SPDX-License-Identifier: BSL-1.0
// Without buffers, the balancer takes a request only while a worker is free, so it never waits for one.
// main.go is the same program in Go. load_balancer/unbuffered shows what happens otherwise.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <deque>
#include <functional>
#include <iomanip>
#include <iostream>
#include <set>
#include <stdexcept>

using namespace std::chrono_literals;

struct request {
    std::function<heddle::task<int>()> fn;  // the work
    heddle::channel<int> c;                 // the result goes here
};

struct worker {
    heddle::channel<request> requests;
    int number;
    int pending = 0;
};

heddle::task<> requester(int id, int workers, heddle::sender<request> work) {
    heddle::channel<int> c;
    auto fn = [=]() -> heddle::task<int> {
        co_await heddle::sleep(random_below(workers * 1ms));
        co_return id;
    };
    for (;;) {
        co_await heddle::sleep(random_below(workers * 2ms));
        co_await work.emplace(fn, c);
        if (co_await c.receive() != id)
            throw std::logic_error("the answer to the request of another");
    }
}

heddle::task<> work(worker* w, heddle::receiver<request> requests,
                    heddle::sender<worker*> done) {
    while (auto req = co_await requests.receive()) {
        int result = co_await req->fn();
        co_await req->c.send(result);
        co_await done.send(w);
    }
}

struct less {
    bool operator()(const worker* a, const worker* b) const {
        return std::pair(a->pending, a->number) < std::pair(b->pending, b->number);
    }
};

struct balancer {
    std::deque<worker> workers;  // a deque: elements keep their addresses
    std::set<worker*, less> pool;
    heddle::channel<worker*> done;

    explicit balancer(int count) {
        for (int i = 0; i < count; ++i) {
            auto& w = workers.emplace_back(heddle::channel<request>(), i);
            pool.insert(&w);
            heddle::go(work, &w, w.requests, done);
        }
    }

    heddle::task<> balance(heddle::receiver<request> work, int events) {
        std::optional<request> req;
        std::optional<worker*> w;
        for (int i = 0; i < events; ++i) {
            bool full = (*pool.begin())->pending > 0;              // then all are
            heddle::receiver<request> in = full ? nullptr : work;  // nil is never ready
            switch (co_await heddle::select(in.receive(req), done.receive(w))) {
            case 0:
                co_await dispatch(*req);
                break;
            case 1:
                completed(*w);
                break;
            }
            print();
        }
    }

    heddle::task<> dispatch(request req) {
        worker* w = pool.extract(pool.begin()).value();
        co_await w->requests.send(req);  // never waits: w is free
        ++w->pending;
        pool.insert(w);
    }

    void completed(worker* w) {
        pool.erase(w);
        --w->pending;
        pool.insert(w);
    }

    void print() const {
        double sum = 0, squares = 0;
        for (auto& w : workers) {
            std::cout << w.pending << ' ';
            sum += w.pending;
            squares += w.pending * w.pending;
        }
        auto n = static_cast<double>(workers.size());
        double mean = sum / n;
        std::cout << std::fixed << std::setprecision(2) << "mean " << mean
                  << " variance " << squares / n - mean * mean << '\n';
    }
};

heddle::task<> run(int requesters, int workers, int events) {
    heddle::channel<request> work;
    balancer b(workers);
    for (int id = 0; id < requesters; ++id)
        heddle::go(requester, id, workers, work);
    co_await b.balance(work, events);
}

int main(int argc, char** argv) {
    int requesters = 100, workers = 10, events = 200;
    read_options(
        argc, argv, "load_balancer/safe [--requesters R] [--workers N] [--events E]",
        {{"requesters", requesters}, {"workers", workers}, {"events", events}});
    heddle::run(run(requesters, workers, events));
}
