// SPDX-License-Identifier: BSL-1.0
#include <heddle/settle.hpp>

#include <heddle/detail/platform/asio.hpp>

#include HEDDLE_ASIO(error.hpp)

namespace heddle HEDDLE_VARIANT::detail {

void throw_if_cancelled(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const cancelled&) {
        throw;
    } catch (...) {
    }
}

error_code code_of(const std::exception_ptr& e) noexcept {
    try {
        std::rethrow_exception(e);
    } catch (const system_error& failed) {
        return failed.code() ? failed.code() : errc::failed;
    } catch (const channel_closed&) {
        return errc::closed;
    } catch (const cancelled&) {
        return asio::error::operation_aborted;
    } catch (const timed_out&) {
        return asio::error::timed_out;
    } catch (...) {
        return errc::failed;
    }
}

}  // namespace heddle::detail
