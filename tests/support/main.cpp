// SPDX-License-Identifier: BSL-1.0
// The main function of all test programs. The library elides locks while the process
// has one thread. HEDDLE_TEST_THREADED says in which mode the tests have to run, and
// this file asserts it:
//   0      no test may start while the process has, or had, a second thread;
//   1      a second thread is parked as long as tests run;
//   unset  either mode is allowed.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cfloat>  // doctest 2.4.9 needs it

#include "latch.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace {

bool single_wanted = false;

#if __has_include(<sys/single_threaded.h>)
bool single_threaded() { return __libc_single_threaded; }
#else
/// This C library does not tell: heddle leaves out no lock, and nothing is asserted.
bool single_threaded() { return single_wanted; }
#endif

std::string complaint;

/// Asserts that tests ran, and that they ran in the mode that was asked for.
struct watch : doctest::IReporter {
    explicit watch(const doctest::ContextOptions&) {}

    void test_run_end(const doctest::TestRunStats& stats) override {
        if (stats.numTestCasesPassingFilters == 0)
            complaint = "no test has this name";
    }
    void test_case_start(const doctest::TestCaseData& test) override {
        if (single_wanted && !single_threaded() && complaint.empty())
            complaint = "\"" + std::string(test.m_name) +
                        "\" was to run in a process with one thread, but a test before "
                        "it started another. Tests that start threads go into a suite "
                        "of their own, or last in their suite.";
    }

    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("watch", 1, watch);

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const char* asked = std::getenv("HEDDLE_TEST_THREADED");
    std::string_view mode = asked ? asked : "";
    if (mode != "" && mode != "0" && mode != "1") {
        std::fprintf(stderr, "HEDDLE_TEST_THREADED is 0, 1 or unset, not %s\n", asked);
        return 2;
    }
    single_wanted = mode == "0";

    test::latch over(1);
    std::thread parked;
    if (mode == "1")
        parked = std::thread([&over] { over.wait(); });
    if (mode == "1" && single_threaded())
        complaint =
            "a second thread is parked, but __libc_single_threaded is still set";
    int result = context.run();
    over.count_down();
    if (parked.joinable())
        parked.join();

    if (complaint.empty())
        return result;
    std::fprintf(stderr, "error: %s\n", complaint.c_str());
    return 1;
}
