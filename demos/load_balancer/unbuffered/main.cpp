// SPDX-License-Identifier: BSL-1.0
// Without buffers the balancer waits for a worker that waits for the balancer: a deadlock.
// main.go is the same program in Go; both end with a report of the waiting tasks and exit code 2.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <deque>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>

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
    heddle::this_task::name("requester " + std::to_string(id));
    heddle::channel<int> c;
    c.name("replies to requester " + std::to_string(id));
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
    heddle::this_task::name("worker " + std::to_string(w->number));
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
            w.requests.name("requests of worker " + std::to_string(i));
            pool.insert(&w);
            heddle::go(work, &w, w.requests, done);
        }
    }

    heddle::task<> balance(heddle::receiver<request> work) {
        heddle::this_task::name("balancer");
        done.name("done, read by the balancer");
        std::optional<request> req;
        std::optional<worker*> w;
        for (;;) {
            switch (co_await heddle::select(work.receive(req), done.receive(w))) {
            case 0:
                co_await dispatch(*req);
                break;
            case 1:
                completed(*w);
                break;
            }
        }
    }

    heddle::task<> dispatch(request req) {
        worker* w = pool.extract(pool.begin()).value();
        co_await w->requests.send(req);  // waits while w waits to say that it is done
        ++w->pending;
        pool.insert(w);
    }

    void completed(worker* w) {
        pool.erase(w);
        --w->pending;
        pool.insert(w);
    }
};

heddle::task<> run(int requesters, int workers) {
    heddle::channel<request> work;
    work.name("work, read by the balancer");
    balancer b(workers);
    for (int id = 0; id < requesters; ++id)
        heddle::go(requester, id, workers, work);
    co_await b.balance(work);
}

int main(int argc, char** argv) {
    int requesters = 4, workers = 2;
    read_options(argc, argv, "load_balancer/unbuffered [--requesters R] [--workers N]",
                 {{"requesters", requesters}, {"workers", workers}});
    heddle::run(run(requesters, workers));
}
