// SPDX-License-Identifier: BSL-1.0
// One task for each file computes the MD5 sums of a tree; the first error stops the walk.
// main.go is the same program in Go; both print the sorted output of find -type f and md5sum.
#include "../../options.hpp"
#include "../md5.hpp"

struct result {
    std::string path;
    md5 sum;
    std::exception_ptr err;
};

struct found {
    heddle::receiver<result> c;
    heddle::receiver<std::exception_ptr> errc;
};

found sum_files(heddle::done_token done, fs::path root, heddle::wait_group& walks) {
    heddle::channel<result> c;
    heddle::channel<std::exception_ptr> errc(1);
    auto digest = [=](fs::path path) -> heddle::task<> {
        result r{path, {}, nullptr};
        try {
            r.sum = co_await md5_of(path);
        } catch (const std::exception&) {
            r.err = std::current_exception();
        }
        co_await heddle::select(c.send(r), done);
    };
    walks.go([=]() -> heddle::task<> {
        heddle::wait_group wg;
        std::exception_ptr err;
        try {
            int started = 0;
            for (walk files(root); auto path = files.next();) {
                wg.go(digest, *path);
                if (++started % 100 == 0)
                    co_await heddle::yield();  // nothing preempts the walk
                if (co_await heddle::select(done, heddle::otherwise) == 0)
                    throw std::runtime_error("walk canceled");
            }
        } catch (const std::exception&) {
            err = std::current_exception();
        }
        co_await errc.send(err);  // there is room
        co_await wg.wait();
        c.close();
    });
    return {c, errc};
}

heddle::task<table> md5_all(fs::path root, heddle::wait_group& walks) {
    heddle::done_source done;  // closes on every way out
    auto [c, errc] = sum_files(done.token(), root, walks);
    table sums;
    while (auto r = co_await c.receive()) {
        if (r->err)
            std::rethrow_exception(r->err);
        sums[r->path] = r->sum;
    }
    if (auto err = *co_await errc.receive())
        std::rethrow_exception(err);
    co_return sums;
}

heddle::task<int> parallel(fs::path root) {
    int status = 0;
    heddle::wait_group walks;
    try {
        print(co_await md5_all(root, walks));
    } catch (const std::exception& e) {
        std::cerr << "md5_tree: " << e.what() << '\n';
        status = 1;
    }
    co_await walks.wait();  // a walk waits for its digests
    co_return status;
}

int main(int argc, char** argv) {
    bool stats = false;
    auto dir = read_options(argc, argv, "md5_tree/parallel DIR [--stats]",
                            {{"stats", stats}}, 1, 1);
    int status = heddle::run(parallel(dir[0]));
    if (stats)
        print_stats();
    return status;
}
