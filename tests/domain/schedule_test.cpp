#include "domain/schedule.hpp"

#include <gtest/gtest.h>

#include "domain/timestamp.hpp"

namespace cued {
namespace {

constexpr std::uint64_t seed = 7;

instant at(std::string_view text) { return parse_timestamp(text).value().at; }

const instant now = at("2026-03-20T10:00:00Z");

result<planned_schedule> plan(const schedule_request& request) {
  return plan_schedule(request, seed, now, overlap::once);
}

void expect_refused(const schedule_request& request, int status, std::string_view code) {
  const auto planned = plan(request);
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().status, status);
  EXPECT_EQ(planned.error().code, code);
}

TEST(schedule, a_recurring_one_first_runs_at_the_next_instant_of_its_zone) {
  const auto planned = plan({"recurring", "0 9 * * *", std::nullopt, "America/Los_Angeles"});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->next_run, at("2026-03-20T16:00:00Z"));
}

TEST(schedule, keeps_texts_as_the_client_wrote_them) {
  const auto planned = plan({"recurring", "0 9 * * MON", std::nullopt, "europe/PARIS"});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->schedule, (schedule{schedule_type::recurring, "0 9 * * MON", std::nullopt, "europe/PARIS"}));
}

TEST(schedule, a_moment_sent_for_a_recurring_one_is_dropped) {
  const auto planned = plan({"recurring", "0 9 * * *", at("2030-01-01T00:00:00Z")});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->schedule.at, std::nullopt);
}

TEST(schedule, a_one_time_one_runs_at_its_moment_and_keeps_a_cron_text_unread) {
  const auto moment = at("2026-03-20T10:00:00.000001Z");
  const auto planned = plan({"once", "no cron at all", moment});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->next_run, moment);
  EXPECT_EQ(planned->schedule.cron, "no cron at all");
}

TEST(schedule, an_unknown_zone_is_refused_first_and_for_both_types) {
  expect_refused({"sometimes", std::nullopt, std::nullopt, "Mars/Olympus"}, 422, "invalid_timezone");
  expect_refused({"once", std::nullopt, at("2030-01-01T00:00:00Z"), ""}, 422, "invalid_timezone");
}

TEST(schedule, an_unknown_type_is_refused) {
  expect_refused({"sometimes", "0 9 * * *", at("2030-01-01T00:00:00Z")}, 400, "invalid_schedule");
  expect_refused({"Once", std::nullopt, at("2030-01-01T00:00:00Z")}, 400, "invalid_schedule");
}

TEST(schedule, a_recurring_one_needs_a_cron_expression_that_fires) {
  expect_refused({"recurring", std::nullopt, std::nullopt}, 400, "invalid_schedule");
  expect_refused({"recurring", "", std::nullopt}, 400, "invalid_schedule");
  expect_refused({"recurring", "not a cron", std::nullopt}, 400, "invalid_schedule");
  expect_refused({"recurring", "0 0 30 2 *", std::nullopt}, 400, "invalid_schedule");
  expect_refused({"recurring", "0 0 31 2 1", std::nullopt}, 400, "invalid_schedule");
  expect_refused({"recurring", "0 0 1 1 * 0 2020", std::nullopt}, 400, "invalid_schedule");
}

TEST(schedule, a_cron_text_that_could_not_be_stored_is_refused_for_both_types) {
  const std::string too_long(cron_length_limit + 1, ' ');
  expect_refused({"recurring", "0 9 * * *" + too_long, std::nullopt}, 400, "invalid_schedule");
  expect_refused({"once", too_long, at("2030-01-01T00:00:00Z")}, 400, "invalid_schedule");
  expect_refused({"once", std::string("a\0b", 3), at("2030-01-01T00:00:00Z")}, 400, "invalid_schedule");
}

TEST(schedule, length_is_counted_in_characters) {
  std::string umlauts;
  for (std::size_t i = 0; i < cron_length_limit; ++i)
    umlauts += "\u00fc";
  EXPECT_TRUE(plan({"once", umlauts, at("2030-01-01T00:00:00Z")}));
}

TEST(schedule, a_one_time_one_needs_a_moment_in_the_future) {
  expect_refused({"once", std::nullopt, std::nullopt}, 400, "invalid_schedule");
  expect_refused({"once", std::nullopt, now}, 400, "invalid_schedule");
}

// -- stored ones -------------------------------------------------------------

TEST(schedule, the_next_run_follows_the_policy_for_repeated_hours) {
  const schedule stored{schedule_type::recurring, "30 1 * * *", std::nullopt, "America/New_York"};
  const auto first_pass = at("2026-11-01T05:30:00Z");
  EXPECT_EQ(next_run_after(stored, seed, first_pass, overlap::once).value(), at("2026-11-02T06:30:00Z"));
  EXPECT_EQ(next_run_after(stored, seed, first_pass, overlap::both).value(), at("2026-11-01T06:30:00Z"));
}

TEST(schedule, a_one_time_one_has_no_run_after_its_moment) {
  const schedule stored{schedule_type::once, std::nullopt, now, "UTC"};
  EXPECT_EQ(next_run_after(stored, seed, now - std::chrono::seconds{1}, overlap::once).value(), now);
  EXPECT_EQ(next_run_after(stored, seed, now, overlap::once).value(), std::nullopt);
  EXPECT_EQ(next_run_after({schedule_type::once, std::nullopt, std::nullopt, "UTC"}, seed, now, overlap::once).value(),
            std::nullopt);
}

TEST(schedule, a_recurring_one_may_run_out_of_years) {
  const schedule stored{schedule_type::recurring, "0 0 1 1 * 0 2027", std::nullopt, "UTC"};
  EXPECT_EQ(next_run_after(stored, seed, now, overlap::once).value(), at("2027-01-01T00:00:00Z"));
  EXPECT_EQ(next_run_after(stored, seed, at("2027-01-01T00:00:00Z"), overlap::once).value(), std::nullopt);
}

TEST(schedule, stored_texts_that_cannot_be_read_are_errors) {
  const auto code = [](const schedule& stored) {
    return next_run_after(stored, seed, now, overlap::once).error().code;
  };
  EXPECT_EQ(code({schedule_type::recurring, std::nullopt, std::nullopt, "UTC"}), "invalid_schedule");
  EXPECT_EQ(code({schedule_type::recurring, "nonsense", std::nullopt, "UTC"}), "invalid_schedule");
  EXPECT_EQ(code({schedule_type::recurring, "0 9 * * *", std::nullopt, "Mars/Olympus"}), "invalid_timezone");
}

TEST(schedule, a_random_cue_keeps_its_times) {
  const schedule stored{schedule_type::recurring, "R R * * *", std::nullopt, "UTC"};
  const auto own_seed = cron_seed("cue_abc123def456");
  const auto first = next_run_after(stored, own_seed, now, overlap::once).value();
  const auto second = next_run_after(stored, own_seed, first.value(), overlap::once).value();
  EXPECT_EQ(second.value() - first.value(), std::chrono::days{1});
}

TEST(schedule, seeds_are_the_same_everywhere) {
  EXPECT_EQ(cron_seed(""), 0xcbf29ce484222325U);
  EXPECT_EQ(cron_seed("a"), 0xaf63dc4c8601ec8cU);
}

TEST(schedule, types_have_names) {
  EXPECT_EQ(to_schedule_type(to_string(schedule_type::once)), schedule_type::once);
  EXPECT_EQ(to_schedule_type(to_string(schedule_type::recurring)), schedule_type::recurring);
  EXPECT_EQ(to_schedule_type("ONCE"), std::nullopt);
}

} // namespace
} // namespace cued
