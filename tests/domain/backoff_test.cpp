#include "domain/backoff.hpp"

#include <string>

#include <gtest/gtest.h>

namespace cued::test {
namespace {

using namespace std::chrono_literals;

TEST(backoff, follows_the_list_and_stays_at_its_last_entry) {
  EXPECT_EQ(retry_delay(1, "[1, 5, 15]"), 1min);
  EXPECT_EQ(retry_delay(2, "[1, 5, 15]"), 5min);
  EXPECT_EQ(retry_delay(3, "[1, 5, 15]"), 15min);
  EXPECT_EQ(retry_delay(9, "[1, 5, 15]"), 15min);
}

TEST(backoff, an_empty_list_means_a_minute) { EXPECT_EQ(retry_delay(1, "[]"), 1min); }

TEST(backoff, negative_and_zero_mean_at_once) {
  EXPECT_EQ(retry_delay(1, "[-5]"), 0min);
  EXPECT_EQ(retry_delay(1, "[0]"), 0min);
}

TEST(backoff, what_is_too_large_is_held_at_a_year) {
  EXPECT_EQ(retry_delay(1, "[1000000000000]"), 525'600min);
  const auto beyond_double = std::string(400, '9');
  EXPECT_EQ(retry_delay(1, "[" + beyond_double + "]"), 525'600min);
  EXPECT_EQ(retry_delay(1, "[-" + beyond_double + "]"), 0min);
}

TEST(backoff, rows_written_by_others_may_hold_anything) {
  EXPECT_EQ(retry_delay(1, "5"), 5min);
  EXPECT_EQ(retry_delay(1, "null"), 1min);
  EXPECT_EQ(retry_delay(2, "{}"), 5min);
  EXPECT_EQ(retry_delay(1, "[\"x\"]"), 1min);
}

TEST(backoff, seconds_win_over_minutes) {
  EXPECT_EQ(retry_delay(1, "[1, 5]", "[5, 300, 0.5]", 0, 0.5), 5s);
  EXPECT_EQ(retry_delay(2, "[1, 5]", "[5, 300, 0.5]", 0, 0.5), 300s);
  EXPECT_EQ(retry_delay(9, "[1, 5]", "[5, 300, 0.5]", 0, 0.5), 500ms);
}

TEST(backoff, without_usable_seconds_the_minutes_count) {
  for (const auto seconds : {"", "null", "[]", "{}", "7", "[\"x\"]", "not json"})
    EXPECT_EQ(retry_delay(2, "[1, 5, 15]", seconds, 0, 0.9), 5min) << seconds;
}

TEST(backoff, seconds_are_held_within_a_year) {
  EXPECT_EQ(retry_delay(1, "[1]", "[1e300]", 0, 0), 525'600min);
  EXPECT_EQ(retry_delay(1, "[1]", "[1e300]", 100, 0.999), 525'600min);
  EXPECT_EQ(retry_delay(1, "[1]", "[-3]", 50, 0.999), 0s);
}

TEST(backoff, jitter_spreads_around_the_delay_by_its_share) {
  EXPECT_EQ(retry_delay(1, "[1]", "[100]", 20, 0.0), 80s);
  EXPECT_EQ(retry_delay(1, "[1]", "[100]", 20, 0.5), 100s);
  EXPECT_EQ(retry_delay(1, "[1]", "[100]", 20, 0.75), 110s);
  EXPECT_EQ(retry_delay(1, "[1]", "", 50, 0.0), 30s) << "minutes are spread as well";
}

TEST(backoff, jitter_outside_of_its_range_is_held_within_it) {
  EXPECT_EQ(retry_delay(1, "[1]", "[100]", 900, 0.0), 0s);
  EXPECT_EQ(retry_delay(1, "[1]", "[100]", -5, 0.0), 100s);
}

TEST(backoff, max_attempts_counts_all_attempts) {
  EXPECT_TRUE(may_retry(1, 2));
  EXPECT_FALSE(may_retry(2, 2));
  EXPECT_FALSE(may_retry(1, 1));
}

} // namespace
} // namespace cued::test
