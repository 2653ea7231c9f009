#include "domain/verification.hpp"

#include <array>

#include <gtest/gtest.h>

namespace cued {
namespace {

using enum outcome_state;

constexpr std::array all_states = {reported_success, reported_failure, verified_success, verification_failed,
                                   verification_pending};
constexpr std::array all_modes = {verification_mode::none, verification_mode::manual,
                                  verification_mode::require_external_id, verification_mode::require_result_url,
                                  verification_mode::require_artifacts};
constexpr verdict verified{verified_success, true};
constexpr verdict rejected{verification_failed, false};

TEST(verification, a_failure_needs_no_evidence_in_any_mode) {
  for (const auto mode : all_modes) {
    for (const bool given : {false, true})
      EXPECT_EQ(judge_outcome(false, mode, {given, given, given}), (verdict{reported_failure, std::nullopt}));
  }
}

TEST(verification, each_mode_looks_at_its_own_evidence_only) {
  for (const bool external_id : {false, true}) {
    for (const bool result_url : {false, true}) {
      for (const bool artifacts : {false, true}) {
        const evidence_given given{external_id, result_url, artifacts};
        using enum verification_mode;
        EXPECT_EQ(judge_outcome(true, none, given), (verdict{reported_success, std::nullopt}));
        EXPECT_EQ(judge_outcome(true, manual, given), (verdict{verification_pending, std::nullopt}));
        EXPECT_EQ(judge_outcome(true, require_external_id, given), external_id ? verified : rejected);
        EXPECT_EQ(judge_outcome(true, require_result_url, given), result_url ? verified : rejected);
        EXPECT_EQ(judge_outcome(true, require_artifacts, given), artifacts ? verified : rejected);
      }
    }
  }
}

TEST(verification, an_undecided_outcome_can_be_accepted_or_rejected) {
  for (const auto from : {reported_success, reported_failure, verification_pending}) {
    EXPECT_EQ(apply(from, verification_event::accepted), verified_success);
    EXPECT_EQ(apply(from, verification_event::rejected), verification_failed);
  }
}

TEST(verification, a_verdict_is_not_given_twice) {
  for (const auto from : {verified_success, verification_failed}) {
    EXPECT_EQ(apply(from, verification_event::accepted), std::nullopt);
    EXPECT_EQ(apply(from, verification_event::rejected), std::nullopt);
  }
}

TEST(verification, every_outcome_can_be_parked_again) {
  for (const auto from : all_states)
    EXPECT_EQ(apply(from, verification_event::parked), verification_pending);
}

TEST(verification, the_text_of_each_state_reads_back) {
  for (const auto state : all_states)
    EXPECT_EQ(outcome_state_from(to_text(state)), state);
  EXPECT_EQ(to_text(verification_pending), "verification_pending");
  EXPECT_EQ(outcome_state_from("verified"), std::nullopt);
}

TEST(verification, an_unknown_or_missing_mode_asks_for_nothing) {
  EXPECT_EQ(verification_mode_from(std::nullopt), verification_mode::none);
  EXPECT_EQ(verification_mode_from("require_signature"), verification_mode::none);
  EXPECT_EQ(verification_mode_from("none"), verification_mode::none);
  EXPECT_EQ(verification_mode_from("manual"), verification_mode::manual);
  EXPECT_EQ(verification_mode_from("require_external_id"), verification_mode::require_external_id);
  EXPECT_EQ(verification_mode_from("require_result_url"), verification_mode::require_result_url);
  EXPECT_EQ(verification_mode_from("require_artifacts"), verification_mode::require_artifacts);
}

} // namespace
} // namespace cued
