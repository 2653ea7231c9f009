/// The engine through simulated hours, and the proof that the checks can fail. docs/simulation.md says how to replay.
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "tests/deterministic/simulation.hpp"

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;

constexpr double hours_at_least = CUED_SIMULATED_HOURS;
constexpr int parts = 4;
constexpr std::uint64_t seeds_per_defect = 30;

/// In parts, so that several cores can share them: the seeds 1, 5, 9, ..., then 2, 6, ...
class promises : public testing::TestWithParam<int> {};

TEST_P(promises, are_kept) {
  double hours = 0;
  for (auto seed = static_cast<std::uint64_t>(GetParam()); hours < hours_at_least / parts; seed += parts) {
    const auto report = simulate(seed);
    ASSERT_EQ(report.failure, "") << report.to_text();
    hours += report.hours;
  }
}

INSTANTIATE_TEST_SUITE_P(simulation, promises, testing::Range(1, parts + 1));

TEST(simulation, the_same_seed_is_the_same_run) {
  std::set<std::uint64_t> runs;
  simulation_options options;
  options.with_faults = 2h;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto once = simulate(seed, options), again = simulate(seed, options);
    EXPECT_EQ(once.hash, again.hash) << "seed " << seed;
    EXPECT_EQ(once.events, again.events) << "seed " << seed;
    runs.insert(once.hash);
  }
  EXPECT_EQ(runs.size(), 6u);
}

struct planted {
  const char* name;
  defect what;
};

class a_defect : public testing::TestWithParam<planted> {};

TEST_P(a_defect, is_found) {
  simulation_options options;
  options.broken = GetParam().what;
  for (std::uint64_t seed = 1; seed <= seeds_per_defect; ++seed) {
    const auto report = simulate(seed, options);
    if (!report.failure.empty()) {
      RecordProperty("seed", static_cast<int>(seed));
      std::printf("found with seed %d: %s\n", static_cast<int>(seed), report.failure.c_str());
      const auto again = simulate(seed, options);
      EXPECT_EQ(again.failure, report.failure);
      EXPECT_EQ(again.hash, report.hash);
      return;
    }
  }
  ADD_FAILURE() << "not found with " << seeds_per_defect << " seeds";
}

INSTANTIATE_TEST_SUITE_P(simulation, a_defect,
                         testing::Values(planted{"fires_twice", defect::fires_twice},
                                         planted{"forgets_claims", defect::forgets_claims},
                                         planted{"claims_what_is_claimed", defect::claims_what_is_claimed},
                                         planted{"forgets_outcomes", defect::forgets_outcomes},
                                         planted{"overwrites_outcomes", defect::overwrites_outcomes},
                                         planted{"ignores_attempt_number", defect::ignores_attempt_number},
                                         planted{"takes_claims_from_the_living", defect::takes_claims_from_the_living},
                                         planted{"gives_back_what_was_granted", defect::gives_back_what_was_granted},
                                         planted{"forgets_retries", defect::forgets_retries}),
                         [](const auto& one) { return std::string{one.param.name}; });

} // namespace
} // namespace cued::deterministic
