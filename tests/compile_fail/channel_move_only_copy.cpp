// SPDX-License-Identifier: BSL-1.0
// error: cannot bind rvalue reference|no matching member function for call to 'try_send'
#include <heddle/heddle.hpp>

#include <memory>

void put(heddle::sender<std::unique_ptr<int>> out, std::unique_ptr<int>& value) {
    (void)out.try_send(value);  // this call would have to copy
}
