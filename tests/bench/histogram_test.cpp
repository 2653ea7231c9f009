#include "bench/measure/histogram.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using std::chrono::microseconds;

/// The value at a percentile, by sorting all.
std::int64_t exact(std::vector<std::int64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(values.size()) * percent / 100.0));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

TEST(histogram, holds_nothing_at_first) {
  const histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.percentile(99), microseconds{0});
  EXPECT_EQ(h.mean(), microseconds{0});
  EXPECT_TRUE(h.steps().empty());
}

TEST(histogram, tells_percentiles_to_better_than_one_percent) {
  std::mt19937_64 chance{7}; // NOLINT(cert-msc51-cpp): the same values in every run
  std::lognormal_distribution<double> likely{7, 2};
  histogram h;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(likely(chance)));
    h.record(microseconds{values.back()});
  }
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto truth = static_cast<double>(exact(values, percent));
    EXPECT_NEAR(static_cast<double>(h.percentile(percent).count()), truth, truth * 0.01 + 1) << percent;
  }
  EXPECT_EQ(h.max().count(), exact(values, 100));
}

TEST(histogram, merged_is_as_if_all_had_been_recorded_in_one) {
  histogram left, right, both;
  for (int i = 1; i <= 1000; ++i) {
    (i % 3 == 0 ? left : right).record(microseconds{i * i});
    both.record(microseconds{i * i});
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.mean(), both.mean());
  EXPECT_EQ(left.max(), both.max());
  for (const double percent : {10.0, 50.0, 99.0})
    EXPECT_EQ(left.percentile(percent), both.percentile(percent));
}

TEST(histogram, puts_in_again_what_was_not_sent_while_one_answer_was_late) {
  histogram h;
  h.record_corrected(microseconds{1000}, microseconds{250});
  EXPECT_EQ(h.count(), 4u); // 1000, 750, 500, 250
  EXPECT_NEAR(static_cast<double>(h.percentile(25).count()), 250, 2);
  EXPECT_EQ(h.max(), microseconds{1000});
}

TEST(histogram, corrects_nothing_that_was_in_time) {
  histogram h;
  h.record_corrected(microseconds{200}, microseconds{250});
  h.record_corrected(microseconds{200}, microseconds{0});
  EXPECT_EQ(h.count(), 2u);
}

TEST(histogram, counts_what_is_out_of_range_at_its_ends) {
  histogram h;
  h.record(microseconds{-5});
  h.record(std::chrono::hours{30});
  EXPECT_EQ(h.count(), 2u);
  EXPECT_EQ(h.percentile(50), microseconds{0});
  EXPECT_EQ(h.max(), std::chrono::hours{1});
}

TEST(histogram, lists_its_steps_in_order_with_all_that_is_in_them) {
  histogram h;
  for (const int us : {3, 3, 700, 100'000})
    h.record(microseconds{us});
  const auto steps = h.steps();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].up_to, microseconds{3});
  EXPECT_EQ(steps[0].count, 2u);
  EXPECT_LT(steps[1].up_to, steps[2].up_to);
}

} // namespace
} // namespace cued::bench
