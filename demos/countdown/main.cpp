// SPDX-License-Identifier: BSL-1.0
// A rocket is launched after ten ticks, unless somebody presses return: one select waits for both.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/posix/stream_descriptor.hpp>

#include <fcntl.h>
#include <iostream>
#include <unistd.h>

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

heddle::task<> countdown() {
    flags_of_stdin restored;
    heddle::channel<> pressed;
    heddle::go(keyboard, pressed);
    std::cout << "Press return to abort." << std::endl;
    heddle::ticker every(100ms);
    for (int left = 10; left > 0; --left) {
        std::cout << left << std::endl;
        if (co_await heddle::select(every.next(), pressed.receive(std::ignore)) == 1) {
            std::cout << "Launch aborted!\n";
            co_return;
        }
    }
    std::cout << "Lift off!\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "countdown");
    heddle::run(countdown());
}
