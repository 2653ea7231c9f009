#include "domain/usage.hpp"

#include <gtest/gtest.h>

using namespace cued;
using namespace std::chrono_literals;

namespace {

instant at(std::chrono::year_month_day date, std::chrono::microseconds time = {}) {
  return std::chrono::sys_days{date} + time;
}

/// The day on which spec/alerts-usage.md §7 counts: the 24th of a month of 30 days.
const usage_month november = month_of(at(std::chrono::year{2026} / 11 / 24, 13h));

struct example {
  std::int64_t used, limit, percent;
  const char* percentage;
  std::int64_t projected, left;
  bool warned;
};

class checked_example : public testing::TestWithParam<example> {};

} // namespace

TEST_P(checked_example, comes_out_as_on_the_reference) {
  const auto& e = GetParam();
  EXPECT_EQ(percent_used(e.used, e.limit), e.percent);
  EXPECT_EQ(percentage_text(e.used, e.limit), e.percentage);
  EXPECT_EQ(projected_month_end(e.used, november), e.projected);
  EXPECT_EQ(remaining(e.used, e.limit), e.left);
  EXPECT_EQ(approaches_limit(e.used, e.limit), e.warned);
}

INSTANTIATE_TEST_SUITE_P(
    usage, checked_example,
    testing::Values(example{239, 300, 80, "79.7", 299, 61, false}, example{240, 300, 80, "80.0", 300, 60, true},
                    example{125, 1000, 12, "12.5", 156, 875, false}, example{15, 1000, 2, "1.5", 19, 985, false},
                    example{25, 1000, 2, "2.5", 31, 975, false}, example{5, 0, 0, "0", 6, 0, false},
                    example{0, 300, 0, "0.0", 0, 300, false}, example{400, 300, 133, "133.3", 500, 0, true}));

TEST(usage, the_month_is_the_utc_month) {
  const auto month = month_of(at(std::chrono::year{2028} / 2 / 29, 23h + 59min + 59s + 999999us));
  EXPECT_EQ(date_text(month.first), "2028-02-01");
  EXPECT_EQ(date_text(month.last), "2028-02-29");
  EXPECT_EQ(month.day, 29);
  EXPECT_EQ(month.days_remaining(), 0);
}

TEST(usage, on_the_first_day_of_a_month_all_others_remain) {
  const auto month = month_of(at(std::chrono::year{2026} / 1 / 1));
  EXPECT_EQ(date_text(month.first), "2026-01-01");
  EXPECT_EQ(month.days_remaining(), 30);
  EXPECT_EQ(projected_month_end(7, month), 217);
}
