// SPDX-License-Identifier: BSL-1.0
// Ends of a channel that own it close it when they are gone, and a close tells why.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

std::string reason(const std::exception_ptr& cause) {
    if (!cause)
        return "no cause";
    try {
        std::rethrow_exception(cause);
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

// This may return early: nobody has to close the channel.
heddle::task<> deliver(int first, int number, heddle::owning_sender<int> out) {
    for (int i = 0; i < number; ++i) {
        co_await heddle::sleep(10ms);
        if (first + i == 12)
            co_return;
        co_await out.send(first + i);
    }
}

// The channel is closed when the last owner is gone.
heddle::task<> last_sender_closes() {
    heddle::channel<int> parcels;
    {
        heddle::owning_sender<int> to(parcels);
        heddle::go(deliver, 1, 5, to);
        heddle::go(deliver, 10, 5, to);
    }
    int number = 0, sum = 0;
    while (auto parcel = co_await parcels.receive()) {
        ++number;
        sum += *parcel;
    }
    std::cout << number << " parcels, sum " << sum << '\n';
}

heddle::task<> take_two(heddle::owning_receiver<int> in) {
    co_await in.receive();
    co_await in.receive();
}

// A sender learns that its receiver is gone, and the value is still its own.
heddle::task<> last_receiver_closes() {
    heddle::channel<int> parcels;
    heddle::go(take_two, heddle::owning_receiver<int>(parcels));
    int parcel = 1;
    try {
        for (;; ++parcel)
            co_await parcels.send(parcel);
    } catch (const heddle::channel_closed&) {
        std::cout << "parcel " << parcel << " comes back\n";
    }
}

// A channel that is closed with a cause tells its receiver why.
heddle::task<> close_with_cause() {
    heddle::channel<int> parcels(2);
    co_await parcels.send(1);
    parcels.close(std::make_exception_ptr(std::runtime_error("the road is blocked")));
    while (auto parcel = co_await parcels.receive())
        std::cout << "parcel " << *parcel << ", then " << reason(parcels.cause())
                  << '\n';
}

heddle::task<> hand_over() {
    co_await last_sender_closes();
    co_await last_receiver_closes();
    co_await close_with_cause();
}

int main(int argc, char** argv) {
    read_options(argc, argv, "handover");
    heddle::run(hand_over());
}
