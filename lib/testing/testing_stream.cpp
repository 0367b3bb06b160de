// SPDX-License-Identifier: BSL-1.0
// One direction of a connection in memory is a queue of bytes and two events.
#include <heddle/testing_stream.hpp>

#include <heddle/detail/core/host.hpp>
#include <heddle/sync.hpp>
#include <heddle/time.hpp>

#include <algorithm>
#include <deque>

namespace heddle HEDDLE_VARIANT::testing::detail_stream {

class pipe {
public:
    explicit pipe(stream_faults f) : faults(f) {}

    bool readable() const noexcept {
        return !bytes.empty() || ended || broken || abandoned;
    }
    bool writable() const noexcept {
        return bytes.size() < faults.window || ended || broken || abandoned;
    }

    /// Called after any change: lets the waiters go on that can.
    void tell() noexcept {
        readable() ? may_read.set() : may_read.reset();
        writable() ? may_write.set() : may_write.reset();
    }

    /// Returns how many of `n` bytes one operation moves.
    std::size_t some_of(std::size_t n, std::size_t most) const noexcept {
        n = std::min(n, most);
        if (!faults.vary || n < 2)
            return n;
        auto choices = static_cast<std::uint32_t>(std::min<std::size_t>(n, 4));
        // One byte, two, half of them, or all: such sizes tend to find the seams.
        switch (heddle::detail::host::current()->random_below(choices)) {
        case 1:
            return 1;
        case 2:
            return n / 2;
        case 3:
            return 2;
        default:
            return n;
        }
    }

    const stream_faults faults;
    std::deque<char> bytes;
    std::size_t written = 0;
    bool closed = false;     // by the writer
    bool ended = false;      // no more will come
    bool broken = false;     // connection_reset, for both
    bool abandoned = false;  // nobody reads any more
    event may_read, may_write{true};
};

std::shared_ptr<pipe> make_pipe(stream_faults faults) {
    return std::make_shared<pipe>(faults);
}

task<result> read(std::shared_ptr<pipe> from, char* to, std::size_t n) {
    co_await sleep(from->faults.delay);
    if (n > 0)
        co_await from->may_read.wait();
    pipe& p = *from;
    if (p.broken)
        co_return result(asio::error::connection_reset, 0);
    if (p.abandoned)
        co_return result(asio::error::operation_aborted, 0);
    if (n > 0 && p.bytes.empty())
        co_return result(asio::error::eof, 0);
    n = p.some_of(std::min(n, p.bytes.size()), p.faults.read_at_most);
    std::copy_n(p.bytes.begin(), n, to);
    p.bytes.erase(p.bytes.begin(), p.bytes.begin() + static_cast<std::ptrdiff_t>(n));
    p.tell();
    co_return result(error_code(), n);
}

task<result> write(std::shared_ptr<pipe> to, const char* from, std::size_t n) {
    co_await sleep(to->faults.delay);
    if (n > 0)
        co_await to->may_write.wait();
    pipe& p = *to;
    if (p.broken)
        co_return result(asio::error::connection_reset, 0);
    if (p.closed)
        co_return result(asio::error::operation_aborted, 0);
    if (p.abandoned || p.ended)
        co_return result(asio::error::broken_pipe, 0);
    if (n == 0)
        co_return result(error_code(), 0);
    n = p.some_of(std::min(n, p.faults.window - p.bytes.size()),
                  p.faults.write_at_most);
    auto limit = std::min(p.faults.end_after.value_or(n + p.written),
                          p.faults.reset_after.value_or(n + p.written));
    auto arrives = std::min(n, limit - std::min(limit, p.written));
    p.bytes.insert(p.bytes.end(), from, from + arrives);
    p.written += n;
    if (p.faults.reset_after && p.written >= *p.faults.reset_after) {
        p.broken = true;
        p.bytes.clear();
    } else if (p.faults.end_after && p.written >= *p.faults.end_after) {
        p.ended = true;
    }
    p.tell();
    co_return result(error_code(), n);
}

void end(pipe& p) noexcept {
    p.closed = p.ended = true;
    p.tell();
}

void abandon(pipe& p) noexcept {
    p.abandoned = true;
    p.bytes.clear();
    p.tell();
}

void reset(pipe& p) noexcept {
    p.broken = true;
    p.bytes.clear();
    p.tell();
}

}  // namespace heddle::testing::detail_stream
