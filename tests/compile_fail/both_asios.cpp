// SPDX-License-Identifier: BSL-1.0
// mistake: Boost.Asio in a file with standalone Asio
// lines: any, as the names of the two Asios collide outside heddle; link `heddle::boost_heddle`
// error: set_done|using declaration conflicts|redefinition
#include <heddle/heddle.hpp>

#include <boost/asio.hpp>

heddle::task<> f(boost::asio::steady_timer& timer) {
    co_await timer.async_wait(heddle::use_task);
}
