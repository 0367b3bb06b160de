// SPDX-License-Identifier: BSL-1.0
// A task for each directory of a tree adds up its files; ticks show the progress, and a key stops it.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Asio makes the open file non-blocking, and other processes share it: the shell, if it is a terminal.
struct flags_of_stdin {
    int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    ~flags_of_stdin() { ::fcntl(STDIN_FILENO, F_SETFL, flags); }
};

heddle::task<> keyboard(heddle::sender<> pressed) {
    asio::posix::stream_descriptor in(heddle::this_task::executor(),
                                      ::dup(STDIN_FILENO));
    char key;
    auto [error, n] = co_await in.async_read_some(asio::buffer(&key, 1),
                                                  heddle::as_tuple(heddle::use_task));
    if (!error)
        co_await pressed.send();
}

std::vector<fs::directory_entry> entries_of(fs::path dir) {
    std::error_code error;
    fs::directory_iterator entries(dir, error);
    if (error)
        std::cerr << "du: " << dir << ": " << error.message() << '\n';
    return {begin(entries), end(entries)};
}

struct walk {
    heddle::channel<std::uintmax_t> sizes;
    heddle::channel<> sema{20};  // so many directories are read at once
    heddle::done_source done;
    heddle::wait_group dirs;
    heddle::duration pause;
};

heddle::task<> walk_dir(walk& w, fs::path dir) {
    if (co_await heddle::select(w.done.token(), w.sema.send()) == 0)
        co_return;
    co_await heddle::sleep(w.pause);
    auto entries = co_await heddle::go_blocking(entries_of, dir);
    co_await w.sema.receive();
    for (auto& entry : entries) {
        if (entry.symlink_status().type() == fs::file_type::directory)
            w.dirs.go(walk_dir, std::ref(w), entry.path());
        else if (entry.symlink_status().type() == fs::file_type::regular)
            co_await w.sizes.send(entry.file_size());
    }
}

heddle::task<> close_at_end(walk& w) {
    co_await w.dirs.wait();
    w.sizes.close();
}

heddle::task<> du(std::vector<std::string> roots, bool verbose,
                  heddle::duration pause) {
    flags_of_stdin restored;
    heddle::channel<> pressed;
    heddle::go(keyboard, pressed);
    walk w;
    w.pause = pause;
    for (auto& root : roots)
        w.dirs.go(walk_dir, std::ref(w), root);
    heddle::go(close_at_end, std::ref(w));
    heddle::ticker every(100ms);
    auto tick = verbose ? every.next() : heddle::after(heddle::duration::max());
    std::uintmax_t files = 0, bytes = 0;
    for (std::optional<std::uintmax_t> size;;)
        switch (co_await heddle::select(w.sizes.receive(size), tick,
                                        pressed.receive(std::ignore))) {
        case 0:
            if (!size) {
                std::cout << files << " files  " << bytes << " bytes\n";
                co_return;
            }
            ++files;
            bytes += *size;
            break;
        case 1:
            std::cout << files << " files  " << bytes << " bytes so far" << std::endl;
            tick = every.next();
            break;
        case 2:
            w.done.close();
            std::cout << "stopped" << std::endl;
        }
}

int main(int argc, char** argv) {
    bool verbose = false;
    int pause = 0;
    auto roots = read_options(argc, argv, "du [-v] [--pause MS] DIR...",
                              {{"v", verbose}, {"pause", pause, 0}}, 1, 1000);
    heddle::run(du(roots, verbose, pause * 1ms));
}
