// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>
#include <heddle/detail/host_executor.hpp>

#include <coroutine>
#include <exception>
#include <memory>

namespace heddle::detail {

/// A wait for an Asio operation. Closing token and completion meet in the claim word of
/// the process: in_io -> cancelling by the closer, -> completed by the completion; whoever
/// comes second lets the process go on. Invariants:
///   [owned]  from begin() to completed() or dropped() the handler owns the process.
///   [hop]    cancellation is emitted by a turn of the host (or, if the operation belongs
///            to another context, by a handler there), never during initiation.
class HEDDLE_API asio_wait : pinned {
public:
    explicit asio_wait(process& self) noexcept : self_(self) {}

    void completed() noexcept;
    void dropped() noexcept;
    host_executor executor() const noexcept {
        return host_executor(counted<host>(self_.home));
    }
    asio::cancellation_slot slot() const noexcept;

protected:
    ~asio_wait() = default;

    process& self() const noexcept { return self_; }
    bool refused() noexcept { return refused_ = self_.interrupted(); }

    template <class Executor>
    void remember_executor(const Executor& ex) {
        if (&asio::query(ex, asio::execution::context) != &self_.home->context())
            elsewhere_ = std::make_unique<asio::any_io_executor>(ex);
    }
    void begin() noexcept;
    void initiation_failed(std::exception_ptr e) noexcept { failure_ = std::move(e); }
    /// True: it has ended already, go on at once.
    bool begun() noexcept;
    /// False: it was never started. Throws what its initiation threw.
    bool resume();

private:
    void emit() noexcept;
    static void emitted(process&) noexcept;
    class remote_emission;
    friend void emit_cancellation(runnable&, host&);

    process& self_;
    std::unique_ptr<asio::any_io_executor> elsewhere_;
    std::exception_ptr failure_;
    bool refused_ = false;
    bool dropped_ = false;
};

}  // namespace heddle::detail
