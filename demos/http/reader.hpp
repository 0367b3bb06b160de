// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../http.hpp"

#include <asio/buffer.hpp>

#include <cstddef>
#include <memory>

namespace http {

// Makes requests of the bytes of a connection. It never holds more than its buffer, a header and a body.
class reader {
public:
    static constexpr std::size_t header_limit = 8 << 10, body_limit = 64 << 10,
                                 fields_limit = 100;

    // How far the next request is parsed. `idle`: nothing of it has come.
    enum step { idle, in_header, in_body, complete, refused };

    reader();
    ~reader();

    asio::mutable_buffer room();  // for the next bytes; not empty until `complete`
    void commit(std::size_t n);   // so many have come
    bool has_bytes() const;       // that are not parsed
    step parse();
    int status() const;  // why it was refused, else 0
    const request&
    asked();         // from in_body on; a request that was refused may lack parts
    request take();  // gives the complete request; then the next one begins

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace http
