// SPDX-License-Identifier: BSL-1.0
// A fixed number of digesters compute the MD5 sums of all files of a tree.
// main.go is the same program in Go; both print the sorted output of find -type f and md5sum.
#include "../../options.hpp"
#include "../md5.hpp"

struct result {
    std::string path;
    md5 sum;
    std::exception_ptr err;
};

struct found {
    heddle::receiver<fs::path> paths;
    heddle::receiver<std::exception_ptr> errc;
};

found walk_files(heddle::done_token done, fs::path root, heddle::wait_group& running) {
    heddle::channel<fs::path> paths;
    heddle::channel<std::exception_ptr> errc(1);
    running.go([=]() -> heddle::task<> {
        std::exception_ptr err;
        try {
            for (walk files(root); auto path = files.next();)
                if (co_await heddle::select(paths.send(std::move(*path)), done) == 1)
                    throw std::runtime_error("walk canceled");
        } catch (const std::exception&) {
            err = std::current_exception();
        }
        paths.close();
        co_await errc.send(err);  // there is room
    });
    return {paths, errc};
}

heddle::task<> digester(heddle::done_token done, heddle::receiver<fs::path> paths,
                        heddle::sender<result> c) {
    while (auto path = co_await paths.receive()) {
        result r{*path, {}, nullptr};
        try {
            r.sum = co_await md5_of(*path);
        } catch (const std::exception&) {
            r.err = std::current_exception();
        }
        if (co_await heddle::select(c.send(r), done) == 1)
            co_return;
    }
}

heddle::task<table> md5_all(fs::path root, int digesters, bool too_early,
                            heddle::wait_group& running) {
    heddle::done_source done;  // closes on every way out
    auto [paths, errc] = walk_files(done.token(), root, running);
    heddle::channel<result> c;
    auto wg = std::make_shared<heddle::wait_group>();
    for (int i = 0; i < digesters; ++i)
        wg->go(digester, done.token(), paths, c);
    running.go([=]() -> heddle::task<> {
        co_await wg->wait();
        c.close();
    });

    if (too_early)  // the walk waits for the digesters, and they wait for a receiver of c
        co_await errc.receive();
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

heddle::task<int> bounded(fs::path root, int digesters, bool too_early) {
    int status = 0;
    heddle::wait_group running;
    try {
        print(co_await md5_all(root, digesters, too_early, running));
    } catch (const std::exception& e) {
        std::cerr << "md5_tree: " << e.what() << '\n';
        status = 1;
    }
    co_await running.wait();
    co_return status;
}

int main(int argc, char** argv) {
    int digesters = 20;
    bool stats = false, too_early = false;
    auto dir = read_options(
        argc, argv,
        "md5_tree/bounded DIR [-j DIGESTERS] [--stats] [--too-early]   (wait for the "
        "walk's error before the sums)",
        {{"j", digesters}, {"stats", stats}, {"too-early", too_early}}, 1, 1);
    int status = heddle::run(bounded(dir[0], digesters, too_early));
    if (stats)
        print_stats();
    return status;
}
