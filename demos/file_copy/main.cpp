// SPDX-License-Identifier: BSL-1.0
// Copies files on io_uring, all at once: of each, one task reads blocks and another writes them.
// The channel between the two has room for four blocks, so a slow disk holds the reader back.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/stream_file.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using asio::stream_file;
using heddle::use_task;

heddle::task<> read_blocks(std::string name, std::size_t size,
                           heddle::sender<std::string> to) {
    stream_file file(heddle::this_task::executor(), name, stream_file::read_only);
    for (;;) {
        std::string block(size, '\0');
        auto [error, n] = co_await file.async_read_some(asio::buffer(block),
                                                        heddle::as_tuple(use_task));
        if (error == asio::error::eof)
            break;
        if (error)
            throw std::system_error(error, name);
        block.resize(n);
        co_await to.send(block);
    }
    to.close();
}

heddle::task<> write_blocks(std::string name, heddle::receiver<std::string> from) {
    stream_file file(heddle::this_task::executor(), name,
                     stream_file::write_only | stream_file::create |
                         stream_file::truncate);
    std::size_t bytes = 0;
    while (auto block = co_await from.receive())
        bytes += co_await asio::async_write(file, asio::buffer(*block), use_task);
    std::cout << name << ": " << bytes << " bytes\n";
}

// If one of the two fails, the other is cancelled.
heddle::task<> copy(std::string from, std::string to, std::size_t block) {
    heddle::channel<std::string> blocks(4);
    heddle::group both;
    both.go(read_blocks, from, block, blocks);
    both.go(write_blocks, to, blocks);
    co_await both.wait();
}

heddle::task<> copy_all(std::vector<std::string> files, std::string into,
                        std::size_t block) {
    heddle::group copies;
    for (auto& each : files)
        copies.go(copy, each, into + each.substr(each.find_last_of('/') + 1), block);
    co_await copies.wait();
}

int main(int argc, char** argv) {
    std::size_t block = 65536;
    auto files = read_options(argc, argv, "file_copy [--block BYTES] FILE... FOLDER",
                              {{"block", block}}, 2, 1000);
    std::string folder = files.back();
    files.pop_back();
    try {
        heddle::run(copy_all(std::move(files), folder + '/', block));
    } catch (const std::system_error& e) {
        std::cerr << "file_copy: " << e.what() << '\n';
        return 1;
    }
}
