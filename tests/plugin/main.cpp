// SPDX-License-Identifier: BSL-1.0
// A program that does not use heddle itself loads plugins that do.
// Usage: heddle_plugin_host CASE PLUGIN...
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace {

void check(bool holds, const char* text, int line) {
    if (holds)
        return;
    std::printf("%s:%d: %s\n", __FILE__, line, text);
    std::exit(1);
}
#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __LINE__)

struct plugin {
    explicit plugin(const char* path, int flags = RTLD_NOW | RTLD_LOCAL)
        : library(::dlopen(path, flags)) {
        if (!library)
            std::printf("%s\n", ::dlerror());
        CHECK(library != nullptr);
        find(run, "plugin_run");
        find(run_on_threads, "plugin_run_on_threads");
        find(start, "plugin_start");
        find(wait, "plugin_wait");
        find(live, "plugin_live");
    }
    void close() const { CHECK(::dlclose(library) == 0); }

    template <class F>
    void find(F*& f, const char* name) const {
        f = reinterpret_cast<F*>(::dlsym(library, name));
        CHECK(f != nullptr);
    }

    void* library;
    int (*run)();
    int (*run_on_threads)();
    void (*start)(asio::io_context&, int&);
    void (*wait)(asio::io_context&, int&);
    int (*live)(asio::io_context&);
};

using plugins = std::vector<const char*>;

/// Each plugin has an event loop of its own, on a thread of its own.
void apart(const plugins& paths) {
    for (const char* path : paths) {
        plugin p(path);
        int result = 0;
        std::thread([&] { result = p.run(); }).join();
        CHECK(result == 42);
        CHECK(p.run() == 42);
        CHECK(p.run_on_threads() == 42);
    }
}

/// The plugins share the program's io_context, which two threads run in turn.
void shared(const plugins& paths, int flags = RTLD_NOW | RTLD_LOCAL) {
    asio::io_context ctx;
    std::vector<plugin> all;
    for (const char* path : paths)
        all.emplace_back(path, flags);
    for (int round = 0; round < 2; ++round) {
        std::vector<int> results(2 * all.size());
        for (std::size_t i = 0; i < results.size(); ++i)
            all[i / 2].start(ctx, results[i]);
        std::thread([&] { ctx.run(); }).join();
        for (int result : results)
            CHECK(result == 42);
        for (const plugin& p : all)
            CHECK(p.live(ctx) == 0);
        ctx.restart();
    }
    // The end of the context destroys the tasks that wait, of each plugin.
    std::vector<int> ended(all.size());
    {
        asio::io_context ends;
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].wait(ends, ended[i]);
        ends.run();
        for (const plugin& p : all)
            CHECK(p.live(ends) > 0);
    }
    for (int n : ended)
        CHECK(n == 1);
}

/// The plugin is closed after the thread that used it has ended, again and again.
void closed_after(const plugins& paths) {
    for (int round = 0; round < 20; ++round)
        for (const char* path : paths) {
            plugin p(path);
            int result = 0;
            std::thread([&] { result = p.run(); }).join();
            CHECK(result == 42);
            p.close();
        }
}

/// The plugin is closed while a thread that used it lives on.
void closed_before(const plugins& paths) {
    for (const char* path : paths) {
        std::promise<int> used;
        std::promise<void> closed;
        std::thread t([&] {
            plugin p(path);
            used.set_value(p.run());
            closed.get_future().wait();
            p.close();
        });
        plugin p(path);
        CHECK(used.get_future().get() == 42);
        p.close();
        closed.set_value();
        t.join();
    }
}

/// The plugin is closed before the context that has its tasks and its services; the
/// code of heddle stays loaded.
void closed_first(const plugins& paths) {
    std::vector<int> ended(paths.size());
    {
        asio::io_context ctx;
        for (std::size_t i = 0; i < paths.size(); ++i) {
            plugin p(paths[i]);
            p.wait(ctx, ended[i]);
            ctx.restart();
            ctx.run();
            p.close();
        }
    }
    for (int n : ended)
        CHECK(n == 1);
}

}  // namespace

int main(int argc, char** argv) {
    CHECK(argc > 2);
    const std::string_view name = argv[1];
    const plugins paths(argv + 2, argv + argc);
    if (name == "apart")
        apart(paths);
    else if (name == "shared")
        shared(paths);
    else if (name == "global")
        shared(paths, RTLD_NOW | RTLD_GLOBAL);
    else if (name == "closed_after")
        closed_after(paths);
    else if (name == "closed_before")
        closed_before(paths);
    else if (name == "closed_first")
        closed_first(paths);
    else
        CHECK(name == "one of these");
}
