#include "domain/schedule_preview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/timestamp.hpp"

namespace cued {
namespace {

using testing::ElementsAre;

instant at(std::string_view text) { return parse_timestamp(text).value().at; }

std::vector<std::string> preview(const std::string& cron, const std::string& zone, std::string_view after, int count,
                                 overlap policy = overlap::once) {
  const schedule stored{schedule_type::recurring, cron, std::nullopt, zone};
  const auto runs = preview_schedule(stored, 0, at(after), count, policy).value();
  std::vector<std::string> out;
  for (const auto& run : runs)
    out.push_back(format_offset(run.at, run.offset) + (run.note ? " | " + *run.note : ""));
  return out;
}

TEST(schedule_preview, ordinary_runs_have_no_note) {
  EXPECT_THAT(preview("0 9 * * *", "Europe/Berlin", "2026-03-27T10:00:00Z", 3),
              ElementsAre("2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"));
}

TEST(schedule_preview, a_time_that_does_not_exist_runs_at_the_end_of_the_gap) {
  EXPECT_THAT(preview("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T03:00:00+02:00 | 02:30 does not exist on 2026-03-29, when the clock goes from "
                          "02:00 to 03:00; this run takes its place",
                          "2026-03-30T02:30:00+02:00"));
}

TEST(schedule_preview, an_hourly_run_in_the_gap_is_left_out) {
  EXPECT_THAT(preview("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
              ElementsAre("2026-03-29T01:30:00+01:00",
                          "2026-03-29T03:30:00+02:00 | 02:30 does not exist on 2026-03-29, when the clock goes from "
                          "02:00 to 03:00; that run is left out"));
}

TEST(schedule_preview, two_times_may_coincide_at_the_end_of_the_gap) {
  EXPECT_THAT(preview("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T03:00:00+02:00 | 02:00 does not exist on 2026-03-29, when the clock goes from "
                          "02:00 to 03:00; this run stands for both",
                          "2026-03-30T02:00:00+02:00"));
}

TEST(schedule_preview, a_time_that_comes_twice_runs_in_the_first_pass) {
  EXPECT_THAT(preview("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:30:00+02:00 | 02:30 comes twice on 2026-10-25, when the clock is set back; "
                          "this is the first time, and the only run",
                          "2026-10-26T02:30:00+01:00"));
}

TEST(schedule_preview, a_time_that_comes_twice_runs_in_both_passes_if_the_operator_wants_that) {
  EXPECT_THAT(preview("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2, overlap::both),
              ElementsAre("2026-10-25T02:30:00+02:00 | 02:30 comes twice on 2026-10-25, when the clock is set back; "
                          "this is the first time",
                          "2026-10-25T02:30:00+01:00 | 02:30 comes twice on 2026-10-25, when the clock is set back; "
                          "this is the second time"));
}

TEST(schedule_preview, both_day_fields_are_looked_at_for_times_that_do_not_exist) {
  EXPECT_THAT(preview("30 2 15 * 0", "Europe/Berlin", "2026-03-23T12:00:00Z", 1),
              ElementsAre("2026-03-29T03:00:00+02:00 | 02:30 does not exist on 2026-03-29, when the clock goes from "
                          "02:00 to 03:00; this run takes its place"));
}

TEST(schedule_preview, an_expression_with_seconds_shows_them) {
  EXPECT_THAT(preview("30 2 * * * 15", "Europe/Berlin", "2026-03-28T12:00:00Z", 1),
              ElementsAre("2026-03-29T03:00:15+02:00 | 02:30:15 does not exist on 2026-03-29, when the clock goes from "
                          "02:00 to 03:00; this run takes its place"));
}

TEST(schedule_preview, a_schedule_that_ends_has_fewer_runs) {
  EXPECT_THAT(preview("0 0 1 1 * 0 2027", "UTC", "2026-03-20T10:00:00Z", 5), ElementsAre("2027-01-01T00:00:00+00:00"));
}

TEST(schedule_preview, a_one_time_schedule_runs_once_and_in_the_past_not_at_all) {
  const schedule once{schedule_type::once, std::nullopt, at("2026-07-01T12:00:00Z"), "Asia/Kolkata"};
  const auto before = preview_schedule(once, 0, at("2026-06-01T00:00:00Z"), 5, overlap::once).value();
  ASSERT_EQ(before.size(), 1u);
  EXPECT_EQ(format_offset(before[0].at, before[0].offset), "2026-07-01T17:30:00+05:30");
  EXPECT_TRUE(preview_schedule(once, 0, *once.at, 5, overlap::once).value().empty());
}

TEST(schedule_preview, rows_that_cannot_be_read_are_errors) {
  const auto refused = [](const std::string& cron, const std::string& zone) {
    return preview_schedule({schedule_type::recurring, cron, std::nullopt, zone}, 0, at("2026-06-01T00:00:00Z"), 1,
                            overlap::once)
        .error()
        .code;
  };
  EXPECT_EQ(refused("nonsense", "UTC"), "invalid_schedule");
  EXPECT_EQ(refused("", "UTC"), "invalid_schedule");
  EXPECT_EQ(refused("0 0 * * *", "Mars/Phobos"), "invalid_timezone");
}

} // namespace
} // namespace cued
