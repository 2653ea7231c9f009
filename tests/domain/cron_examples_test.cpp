#include "tests/domain/cron_examples.hpp"

#include <map>

#include <gtest/gtest.h>

namespace cued {
namespace {

const std::vector<cron_example>& worked_examples() {
  static const std::vector<cron_example> rows{
#include "tests/domain/cron_examples.inc"
  };
  return rows;
}

/// What overlap::once changes: the rows with a fixed time inside a repeated hour, and the half hour of Lord Howe.
const std::map<int, std::vector<std::string>>& fires_once() {
  static const std::map<int, std::vector<std::string>> rows{
      {109, {"2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
      {110, {"2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z", "2026-11-03T06:00:00Z"}},
      {114, {"2026-11-01T05:15:00Z", "2026-11-01T05:45:00Z", "2026-11-02T06:15:00Z"}},
      {116, {"2026-11-01T05:30:00Z", "2026-12-01T06:30:00Z", "2027-01-01T06:30:00Z"}},
      {118, {"2026-11-01T05:30:00Z", "2026-11-08T06:30:00Z", "2026-11-15T06:30:00Z"}},
      {119,
       {"2026-11-02T06:59:00Z", "2026-11-03T06:59:00Z", "2026-11-04T06:59:00Z"}}, // its first 01:59 is before the base
      {121, {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"}},
      {125, {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z", "2026-04-06T15:15:00Z"}},
      {126, {"2026-10-03T14:30:00Z", "2026-10-03T16:00:00Z", "2026-10-03T17:00:00Z"}},
      {129, {"2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z", "2026-02-17T02:30:00Z"}},
      {132, {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"}},
      {152, {"2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z"}},
      {154, {"2026-04-05T02:30:00Z", "2026-04-06T03:30:00Z", "2026-04-07T03:30:00Z"}},
      {158, {"2026-10-29T20:30:00Z", "2026-10-30T21:30:00Z", "2026-10-31T21:30:00Z"}},
  };
  return rows;
}

TEST(cron_examples, are_all_there) {
  ASSERT_EQ(worked_examples().size(), 158U);
  for (std::size_t i = 0; i < worked_examples().size(); ++i)
    EXPECT_EQ(worked_examples()[i].number, static_cast<int>(i) + 1);
}

TEST(cron_examples, hold_with_both_passes_of_a_repeated_hour) {
  for (const auto& row : worked_examples())
    EXPECT_EQ(chain(row, overlap::both), row.fires) << "row " << row.number << ": " << row.expression;
}

TEST(cron_examples, hold_by_default_but_for_a_single_fire_in_a_repeated_hour) {
  for (const auto& row : worked_examples()) {
    const auto changed = fires_once().find(row.number);
    const auto& expected = changed == fires_once().end() ? row.fires : changed->second;
    EXPECT_EQ(chain(row, overlap::once), expected) << "row " << row.number << ": " << row.expression;
  }
}

} // namespace
} // namespace cued
