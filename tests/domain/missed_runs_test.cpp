#include "domain/missed_runs.hpp"

#include <string>

#include <gtest/gtest.h>

#include "domain/schedule.hpp"

namespace cued::test {
namespace {

using namespace std::chrono_literals;

constexpr instant noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h;
constexpr std::size_t plenty = 1000;

/// Every full minute, and how often it was asked.
struct minutely {
  int* asked = nullptr;
  std::optional<instant> operator()(instant after) const {
    if (asked)
      ++*asked;
    return std::chrono::floor<std::chrono::minutes>(after) + 1min;
  }
};

std::optional<instant> never(instant) { return std::nullopt; }

/// `-4b -3b 0 -> 1, left out`: minutes relative to noon, `b` for backfilled.
std::string text(const slot_plan& plan) {
  const auto minutes = [](instant at) {
    return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(at - noon).count());
  };
  std::string out;
  for (const auto& slot : plan.slots)
    out += minutes(slot.at) + (slot.backfilled ? "b " : " ");
  out += "-> " + (plan.following ? minutes(*plan.following) : "end");
  return out + (plan.left_out ? ", left out" : "");
}

TEST(missed_runs, each_policy_makes_of_an_outage_what_it_says) {
  struct row {
    catch_up policy;
    std::optional<std::chrono::seconds> window;
    std::chrono::seconds next_run, now; ///< relative to noon
    const char* expected;
  };
  const std::vector<row> rows{
      // On time, or nearly: no policy drops anything.
      {catch_up::all, {}, 0s, 0s, "0 -> 1"},
      {catch_up::latest, {}, 0s, 5s, "0 -> 1"},
      {catch_up::none, {}, 0s, 6s, "0 -> 1"},
      {catch_up::none, 0s, 0s, 6s, "0 -> 1"},
      // Late, and the newest instant was missed as well.
      {catch_up::all, {}, -180s, 30s, "-3b -2b -1b 0b -> 1"},
      {catch_up::latest, {}, -180s, 30s, "0b -> 1, left out"},
      {catch_up::none, {}, -180s, 30s, "-> 1, left out"},
      {catch_up::latest, {}, 0s, 30s, "0b -> 1"},
      {catch_up::none, {}, 0s, 30s, "-> 1, left out"},
      // Late, and the newest instant is on time.
      {catch_up::all, {}, -180s, 2s, "-3b -2b -1b 0 -> 1"},
      {catch_up::latest, {}, -180s, 2s, "0 -> 1, left out"},
      {catch_up::none, {}, -180s, 2s, "0 -> 1, left out"},
      // The window: the edge belongs to it, and what is on time does not depend on it.
      {catch_up::all, 120s, -300s, 0s, "-2b -1b 0 -> 1, left out"},
      {catch_up::all, 119s, -300s, 0s, "-1b 0 -> 1, left out"},
      {catch_up::all, 300s, -300s, 0s, "-5b -4b -3b -2b -1b 0 -> 1"},
      {catch_up::all, 0s, -300s, 5s, "0 -> 1, left out"},
      {catch_up::all, 0s, -300s, 30s, "-> 1, left out"},
      {catch_up::latest, 20s, -300s, 30s, "-> 1, left out"},
      {catch_up::latest, 30s, -300s, 30s, "0b -> 1, left out"},
      {catch_up::none, 3600s, -300s, 30s, "-> 1, left out"},
  };
  for (const auto& r : rows)
    EXPECT_EQ(text(plan_due_slots(noon + r.next_run, noon + r.now, {r.policy, r.window, 6s}, plenty, minutely{})),
              r.expected)
        << to_string(r.policy) << " from " << r.next_run.count() << " s at " << r.now.count() << " s";
}

TEST(missed_runs, more_than_can_be_taken_at_once_is_taken_in_turns_and_none_is_lost) {
  std::string all;
  auto next = noon - 5min;
  while (next <= noon) {
    const auto plan = plan_due_slots(next, noon, {catch_up::all, {}, 6s}, 2, minutely{});
    all += text(plan) + "; ";
    next = *plan.following;
  }
  EXPECT_EQ(all, "-5b -4b -> -3; -3b -2b -> -1; -1b 0 -> 1; ");
}

TEST(missed_runs, the_newest_of_a_year_of_minutes_is_found_without_walking_through_them) {
  int asked = 0;
  const auto plan = plan_due_slots(noon - 365 * 24h, noon + 30s, {catch_up::latest, {}, 6s}, plenty, minutely{&asked});
  EXPECT_EQ(text(plan), "0b -> 1, left out");
  EXPECT_LT(asked, 20);
}

TEST(missed_runs, a_schedule_that_was_quiet_for_long_still_finds_its_newest_instant) {
  const auto daily = slots_of({schedule_type::recurring, "0 3 * * *", std::nullopt, "UTC"}, 0, overlap::once).value();
  const auto plan = plan_due_slots(noon - 9h - 10 * 24h, noon, {catch_up::latest, {}, 6s}, plenty, daily);
  ASSERT_EQ(plan.slots.size(), 1u);
  EXPECT_EQ(plan.slots[0], (due_slot{noon - 9h, true}));
  EXPECT_EQ(plan.following, noon + 15h);
}

TEST(missed_runs, a_schedule_that_ends_has_nothing_that_follows) {
  EXPECT_EQ(text(plan_due_slots(noon, noon, {catch_up::all, {}, 6s}, plenty, never)), "0 -> end");
  EXPECT_EQ(text(plan_due_slots(noon - 1h, noon, {catch_up::none, {}, 6s}, plenty, never)), "-> end, left out");
  EXPECT_EQ(text(plan_due_slots(noon - 1h, noon, {catch_up::all, 60s, 6s}, plenty, never)), "-> end, left out");
  EXPECT_EQ(text(plan_due_slots(noon - 1h, noon, {catch_up::latest, {}, 6s}, plenty, never)), "-60b -> end");
}

TEST(missed_runs, the_text_of_each_policy_reads_back) {
  for (const auto policy : {catch_up::all, catch_up::latest, catch_up::none})
    EXPECT_EQ(to_catch_up(to_string(policy)), policy);
  EXPECT_EQ(to_catch_up("some"), std::nullopt);
}

} // namespace
} // namespace cued::test
