#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/domain/cron_examples.hpp"

namespace cued {
namespace {

using std::chrono::minutes;

time_zone zone(std::string_view name) { return find_time_zone(name).value(); }

std::optional<instant> next(std::string_view expression, std::string_view zone_name, std::string_view after,
                            overlap policy = overlap::once) {
  return next_instant(parse_cron(expression).value(), zone(zone_name), at(after), policy);
}

std::vector<instant> fires_between(std::string_view expression, const time_zone& z, instant begin, instant end,
                                   overlap policy) {
  std::vector<instant> fires;
  const auto parsed = parse_cron(expression).value();
  for (auto t = next_instant(parsed, z, begin, policy); t && *t <= end; t = next_instant(parsed, z, *t, policy))
    fires.push_back(*t);
  return fires;
}

/// Two days before to two days after a change of the clock.
struct window {
  std::string_view zone_name;
  std::string_view around;
};

const std::vector<window>& clock_changes() {
  static const std::vector<window> changes{
      {"America/New_York", "2026-03-08T07:00:00Z"},    {"America/New_York", "2026-11-01T06:00:00Z"},
      {"Europe/Dublin", "2026-03-29T01:00:00Z"},       {"Europe/Dublin", "2026-10-25T01:00:00Z"},
      {"Africa/Casablanca", "2026-02-15T02:00:00Z"},   {"Africa/Casablanca", "2026-03-22T02:00:00Z"},
      {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"}, {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
      {"America/Santiago", "2026-04-05T03:00:00Z"},    {"America/Santiago", "2026-09-06T04:00:00Z"},
      {"Africa/Cairo", "2026-04-23T22:00:00Z"},        {"Africa/Cairo", "2026-10-29T21:00:00Z"},
      {"Pacific/Apia", "2011-12-30T10:00:00Z"},
  };
  return changes;
}

// Ground truth for overlap::once, found by looking at every minute instead of searching.

TEST(cron_next, an_expression_for_every_hour_fires_whenever_the_clock_on_the_wall_matches) {
  for (const auto& [zone_name, around] : clock_changes()) {
    const auto z = zone(zone_name);
    const instant begin = at(around) - std::chrono::days{2};
    const instant end = at(around) + std::chrono::days{2};
    std::vector<instant> expected;
    for (instant t = begin + minutes{1}; t <= end; t += minutes{1})
      if (z.to_local(t).time.time_since_epoch() % minutes{20} == minutes{0})
        expected.push_back(t);
    EXPECT_EQ(fires_between("*/20 * * * *", z, begin, end, overlap::once), expected) << zone_name << ' ' << around;
  }
}

TEST(cron_next, fixed_times_fire_once_each_and_those_skipped_at_the_end_of_the_gap) {
  for (const auto& [zone_name, around] : clock_changes()) {
    const auto z = zone(zone_name);
    const instant begin = at(around) - std::chrono::days{2};
    const instant end = at(around) + std::chrono::days{2};
    std::set<instant> expected;
    for (local_time t = z.to_local(begin).time; t <= z.to_local(end).time; t += minutes{1}) {
      const auto since_midnight = t - std::chrono::floor<std::chrono::days>(t);
      const auto hour = since_midnight / std::chrono::hours{1};
      const bool matches = (hour < 4 || hour == 23) && since_midnight % minutes{15} == minutes{0};
      const instant fire = z.to_instants(t).earlier; // of a skipped time: the transition
      if (matches && fire > begin && fire <= end)
        expected.insert(fire);
    }
    EXPECT_EQ(fires_between("*/15 0-3,23 * * *", z, begin, end, overlap::once),
              (std::vector<instant>{expected.begin(), expected.end()}))
        << zone_name << ' ' << around;
  }
}

TEST(cron_next, from_inside_the_second_pass_a_fixed_time_waits_for_the_next_day) {
  EXPECT_EQ(next("45 1 * * *", "America/New_York", "2026-11-01T06:15:00Z"), at("2026-11-02T06:45:00Z"));
  EXPECT_EQ(next("45 1 * * *", "America/New_York", "2026-11-01T06:15:00Z", overlap::both), at("2026-11-01T06:45:00Z"));
}

TEST(cron_next, the_second_pass_is_not_lost_to_a_schedule_that_ends_with_the_first) {
  // 23:30 comes twice on 29 October; the next match of the expression is a year away.
  EXPECT_EQ(next("30 * 29 10 * 0 2026", "Africa/Cairo", "2026-10-29T20:30:00Z"), at("2026-10-29T21:30:00Z"));
}

TEST(cron_next, seconds_are_kept_when_a_skipped_time_moves_to_the_end_of_the_gap) {
  EXPECT_EQ(next("30 2 * * * 15", "America/New_York", "2026-03-08T05:00:00Z"), at("2026-03-08T07:00:15Z"));
}

TEST(cron_next, fractions_of_a_second_in_the_base_do_not_repeat_a_fire) {
  EXPECT_EQ(next("* * * * * 0", "UTC", "2026-03-20T10:00:00.000001Z"), at("2026-03-20T10:01:00Z"));
  EXPECT_EQ(next("* * * * * *", "UTC", "2026-03-20T10:00:00.999999Z"), at("2026-03-20T10:00:01Z"));
}

TEST(cron_next, an_instant_before_1970_is_a_base_like_any_other) {
  EXPECT_EQ(next("0 9 * * *", "UTC", "1969-12-31T23:59:59.5Z"), at("1970-01-01T09:00:00Z"));
}

// -- days ----------------------------------------------------------------------

TEST(cron_next, either_day_field_is_enough_even_where_the_other_can_find_no_more_dates) {
  EXPECT_EQ(next("0 9 15 12 1 0 2026", "UTC", "2026-12-15T09:00:00Z"), at("2026-12-21T09:00:00Z"));
}

TEST(cron_next, a_counted_weekday_and_a_date_each_count_for_themselves) {
  EXPECT_EQ(next("0 0 L * L5", "UTC", "2026-03-28T00:00:00Z"), at("2026-03-31T00:00:00Z"));
  EXPECT_EQ(next("0 0 15W * L5", "UTC", "2026-03-28T00:00:00Z"), at("2026-04-15T00:00:00Z"));
}

TEST(cron_next, a_day_that_none_of_its_months_has_never_fires_even_beside_a_weekday) {
  EXPECT_EQ(next("0 0 31 2 1", "UTC", "2026-03-20T10:00:00Z"), std::nullopt);
  EXPECT_EQ(next("0 0 31 4,6 1", "UTC", "2026-03-20T10:00:00Z"), std::nullopt);
  EXPECT_EQ(next("0 0 29 2 1", "UTC", "2026-03-20T10:00:00Z"), at("2027-02-01T00:00:00Z"));
}

TEST(cron_next, a_nearest_weekday_stays_in_its_month) {
  EXPECT_EQ(next("0 0 1W * *", "UTC", "2026-07-15T00:00:00Z"), at("2026-08-03T00:00:00Z"));  // the 1st is a Saturday
  EXPECT_EQ(next("0 0 31W 5 *", "UTC", "2026-05-01T00:00:00Z"), at("2026-05-29T00:00:00Z")); // the 31st is a Sunday
}

TEST(cron_next, the_search_ends_with_the_fiftieth_year) {
  EXPECT_EQ(next("0 0 31 12 * 0 2076", "UTC", "2026-03-20T10:00:00Z"), at("2076-12-31T00:00:00Z"));
  EXPECT_EQ(next("0 0 1 1 * 0 2077", "UTC", "2026-03-20T10:00:00Z"), std::nullopt);
}

TEST(cron_next, without_a_year_field_years_go_on_past_the_last_that_can_be_named) {
  EXPECT_EQ(next("0 0 1 1 *", "UTC", "2099-06-01T00:00:00Z"), at("2100-01-01T00:00:00Z"));
  EXPECT_EQ(next("0 0 1 1 * 0 2099", "UTC", "2099-06-01T00:00:00Z"), std::nullopt);
}

} // namespace
} // namespace cued
