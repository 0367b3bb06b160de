// SPDX-License-Identifier: BSL-1.0
// A sensor never waits for its readers: a channel that is full drops a value. A radio may wait: its limit is in bytes.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

heddle::task<> measure(heddle::sender<int> gauge, heddle::sender<int> log,
                       heddle::sender<int> alarms) {
    for (int reading = 1; reading <= 10; ++reading) {
        co_await gauge.send(reading);
        co_await log.send(reading);
        if (reading > 5)
            co_await alarms.send(reading);
    }
    gauge.close();
    log.close();
    alarms.close();
}

heddle::task<> show(std::string name, heddle::receiver<int> in) {
    std::cout << name << ':';
    while (auto reading = co_await in.receive())
        std::cout << ' ' << *reading;
    std::cout << ", " << in.dropped() << " dropped\n";
}

// Packets wait in the buffer as long as there are fewer than 300 bytes in it.
heddle::task<> pack(heddle::sender<std::string> radio) {
    auto start = heddle::now();
    for (auto bytes : std::vector<std::size_t>{200, 50, 200, 100, 10}) {
        co_await radio.send(std::string(bytes, '.'));
        std::cout << bytes << " bytes are packed at " << (heddle::now() - start) / 1ms
                  << " ms\n";
    }
    radio.close();
}

// This takes 1 ms for each byte.
heddle::task<> transmit(heddle::receiver<std::string> radio) {
    while (auto packet = co_await radio.receive())
        co_await heddle::sleep(packet->size() * 1ms);
}

heddle::task<> sensor() {
    heddle::channel<int> gauge(heddle::conflated);        // the latest reading
    heddle::channel<int> log(4, heddle::drop_oldest);     // the last four
    heddle::channel<int> alarms(2, heddle::drop_newest);  // the first two
    co_await measure(gauge, log, alarms);
    co_await show("gauge", gauge);
    co_await show("log", log);
    co_await show("alarms", alarms);

    heddle::weight_limit bytes(300, [](const std::string& s) { return s.size(); });
    heddle::channel<std::string> radio(100, bytes);
    auto packing = heddle::go(pack, radio);
    co_await heddle::sleep(100ms);
    co_await transmit(radio);
    co_await packing;
}

int main(int argc, char** argv) {
    read_options(argc, argv, "sensor");
    heddle::run(sensor());
}
