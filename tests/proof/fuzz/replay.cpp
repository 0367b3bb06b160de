// SPDX-License-Identifier: BSL-1.0
// Runs a fuzz target on given files and on random bytes, without libFuzzer.
// Usage: replay COUNT SEED FILE...
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    if (argc < 3)
        return 2;
    int files = 0;
    for (int i = 3; i < argc; ++i, ++files) {
        std::ifstream in(argv[i], std::ios::binary);
        std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
        if (!in || bytes.empty()) {
            std::fprintf(stderr, "cannot read %s\n", argv[i]);
            return 2;
        }
        std::vector<std::uint8_t> data(bytes.begin(), bytes.end());
        LLVMFuzzerTestOneInput(data.data(), data.size());
    }
    int count = std::atoi(argv[1]);
    std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
    for (int n = 0; n < count; ++n) {
        std::vector<std::uint8_t> data(1 + random() % 200);
        for (auto& b : data)
            b = static_cast<std::uint8_t>(random());
        LLVMFuzzerTestOneInput(data.data(), data.size());
    }
    std::printf("%d files and %d random inputs agree with the model\n", files, count);
    return files == argc - 3 ? 0 : 1;
}
