// SPDX-License-Identifier: BSL-1.0
#include <heddle/errors.hpp>

namespace heddle HEDDLE_VARIANT {

const detail::errors::error_category& error_category() noexcept {
    static const class : public detail::errors::error_category {
        const char* name() const noexcept override { return "heddle"; }
        std::string message(int code) const override {
            return code == static_cast<int>(errc::closed) ? "channel closed"
                                                          : "unknown error";
        }
    } category;
    return category;
}

}  // namespace heddle
