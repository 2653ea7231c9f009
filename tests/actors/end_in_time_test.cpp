#include "actors/supervisor/end_in_time.hpp"

#include <cstdlib>
#include <future>

#include <gtest/gtest.h>

namespace cued::actors {
namespace {

using namespace std::chrono_literals;

TEST(end_in_time, what_comes_to_its_end_in_time_is_left_alone) {
  { const end_in_time limit{1h}; }
  SUCCEED();
}

TEST(end_in_time, a_process_that_would_wait_for_ever_ends_with_a_failure) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto wait_for_ever = [] {
    const end_in_time limit{50ms};
    std::promise<void> never;
    never.get_future().wait();
  };
  EXPECT_EXIT(wait_for_ever(), testing::ExitedWithCode(EXIT_FAILURE), "");
}

} // namespace
} // namespace cued::actors
