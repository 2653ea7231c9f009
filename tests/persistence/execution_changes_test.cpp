#include "persistence/execution_changes.hpp"

#include <atomic>
#include <thread>

#include "domain/verification.hpp"
#include "tests/persistence/execution_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class execution_changes : public execution_test {
protected:
  execution_changes() { add_worker_cue("cue_w"); }

  /// Runs `change` on `callers` connections at once and counts who succeeded.
  template <class Change>
  int winners_of(int callers, Change change) {
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        won += change(own, i) ? 1 : 0;
      });
    }
    for (auto& thread : threads)
      thread.join();
    return won;
  }
};

class heartbeat : public execution_changes {};
class verdicts : public execution_changes {};
class evidence : public execution_changes {};
class live_claim : public execution_changes {};

} // namespace

// -- heartbeat -----------------------------------------------------------------

TEST_F(heartbeat, of_a_running_execution_is_written_down) {
  add_execution(1, "cue_w", {{"status", "'delivering'"}, {"claimed_by_worker", "'w1'"}, {"claimed_at", "now()"}});
  const auto claimed_at = column(1, "claimed_at");
  const auto updated_at = column(1, "updated_at");
  ASSERT_TRUE(record_heartbeat(link_, ada, execution_id(1), "w1", now_));
  EXPECT_EQ(column(1, "last_heartbeat_at"), "2026-11-24 13:00:00+00");
  EXPECT_EQ(column(1, "claimed_at"), claimed_at);
  EXPECT_NE(column(1, "updated_at"), updated_at);
}

TEST_F(heartbeat, without_a_name_or_without_an_owner_is_accepted) {
  add_execution(1, "cue_w", {{"status", "'delivering'"}, {"claimed_by_worker", "'w1'"}});
  add_execution(2, "cue_w", {{"status", "'delivering'"}});
  EXPECT_TRUE(record_heartbeat(link_, ada, execution_id(1), std::nullopt, now_));
  EXPECT_TRUE(record_heartbeat(link_, ada, execution_id(2), "anybody", now_));
}

TEST_F(heartbeat, of_another_worker_is_refused) {
  add_execution(1, "cue_w", {{"status", "'delivering'"}, {"claimed_by_worker", "'w1'"}});
  const auto refused = record_heartbeat(link_, ada, execution_id(1), "w2", now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 403);
  EXPECT_EQ(refused.error().code, "not_execution_owner");
  EXPECT_EQ(column(1, "last_heartbeat_at"), "");
}

TEST_F(heartbeat, of_what_does_not_run_is_refused_whoever_asks) {
  int n = 0;
  for (const std::string status : {"pending", "success", "failed", "retrying", "retry_ready", "missed"}) {
    add_execution(++n, "cue_w", {{"status", quoted(status)}, {"claimed_by_worker", "'w1'"}});
    for (const std::string worker : {"w1", "w2"}) {
      const auto refused = record_heartbeat(link_, ada, execution_id(n), worker, now_);
      ASSERT_FALSE(refused) << status;
      EXPECT_EQ(refused.error().status, 409) << status;
      EXPECT_EQ(refused.error().code, "execution_not_claiming") << status;
    }
  }
}

// -- verdicts ------------------------------------------------------------------

TEST_F(verdicts, follow_the_graph_of_the_domain_in_every_state) {
  using enum outcome_state;
  int n = 0;
  for (const auto from :
       {reported_success, reported_failure, verified_success, verification_failed, verification_pending}) {
    for (const bool valid : {true, false}) {
      add_execution(++n, "cue_w",
                    {{"outcome_state", quoted(std::string{to_text(from)})}, {"outcome_recorded_at", "now()"}});
      const auto expected = apply(from, valid ? verification_event::accepted : verification_event::rejected);
      const auto state = give_verdict(link_, ada, execution_id(n), valid, std::nullopt);
      ASSERT_EQ(state.has_value(), expected.has_value()) << to_text(from);
      if (!expected) {
        EXPECT_EQ(state.error().status, 409);
        EXPECT_EQ(state.error().code, "invalid_state");
        EXPECT_EQ(column(n, "outcome_state"), to_text(from));
        EXPECT_EQ(column(n, "evidence_validation_state"), "");
        continue;
      }
      EXPECT_EQ(*state, to_text(*expected));
      EXPECT_EQ(column(n, "outcome_state"), to_text(*expected));
      EXPECT_EQ(column(n, "evidence_validation_state"), valid ? "valid" : "invalid");
      EXPECT_EQ(column(n, "status"), "pending");
    }
  }
}

TEST_F(verdicts, need_an_outcome) {
  add_execution(1, "cue_w");
  EXPECT_EQ(give_verdict(link_, ada, execution_id(1), true, std::nullopt).error().code, "invalid_state");
}

TEST_F(verdicts, a_rejection_leaves_its_reason_in_the_summary) {
  const auto rejected = [this](int n, const std::string& summary, const std::string& reason) {
    add_execution(n, "cue_w", {{"outcome_state", "'reported_success'"}, {"evidence_summary", summary}});
    EXPECT_TRUE(give_verdict(link_, ada, execution_id(n), false, reason));
    return column(n, "evidence_summary");
  };
  EXPECT_EQ(rejected(1, "NULL", "wrong file"), "wrong file");
  EXPECT_EQ(rejected(2, "''", "wrong file"), "wrong file");
  EXPECT_EQ(rejected(3, "'12 rows'", "wrong file"), "12 rows | verification rejected: wrong file");
  EXPECT_EQ(rejected(4, "'12 rows'", ""), "12 rows");
  EXPECT_EQ(rejected(5, "NULL", std::string(501, 'x')), std::string(500, 'x'));
  EXPECT_EQ(rejected(6, "'a'", std::string(500, 'x')).size(), 500u);
}

TEST_F(verdicts, an_acceptance_does_not_touch_the_summary) {
  add_execution(1, "cue_w", {{"outcome_state", "'reported_success'"}, {"evidence_summary", "'12 rows'"}});
  ASSERT_TRUE(give_verdict(link_, ada, execution_id(1), true, "fine"));
  EXPECT_EQ(column(1, "evidence_summary"), "12 rows");
}

TEST_F(verdicts, of_eight_at_once_one_counts) {
  add_execution(1, "cue_w", {{"outcome_state", "'verification_pending'"}});
  const int won = winners_of(8, [&](connection& own, int i) {
    return give_verdict(own, ada, execution_id(1), i % 2 == 0, std::nullopt).has_value();
  });
  EXPECT_EQ(won, 1);
}

TEST_F(verdicts, every_recorded_outcome_can_be_parked) {
  int n = 0;
  for (const std::string from : {"'reported_success'", "'reported_failure'", "'verified_success'",
                                 "'verification_failed'", "'verification_pending'", "NULL"}) {
    add_execution(
        ++n, "cue_w",
        {{"outcome_state", from}, {"outcome_recorded_at", "now()"}, {"evidence_validation_state", "'valid'"}});
    EXPECT_TRUE(park_for_verification(link_, ada, execution_id(n))) << from;
    EXPECT_EQ(column(n, "outcome_state"), "verification_pending");
    EXPECT_EQ(column(n, "evidence_validation_state"), "valid");
  }
}

TEST_F(verdicts, what_has_no_outcome_cannot_be_parked) {
  add_execution(1, "cue_w");
  const auto refused = park_for_verification(link_, ada, execution_id(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 409);
  EXPECT_EQ(refused.error().code, "no_outcome");
  EXPECT_EQ(column(1, "outcome_state"), "");
}

// -- evidence ------------------------------------------------------------------

TEST_F(evidence, adds_what_is_given_and_keeps_the_rest) {
  add_execution(1, "cue_w",
                {{"outcome_recorded_at", "now()"},
                 {"outcome_state", "'verification_failed'"},
                 {"evidence_external_id", "'old'"},
                 {"evidence_summary", "'kept'"}});
  evidence_patch patch;
  patch.external_id = "new";
  patch.result_url = "not a url";
  patch.result_ref = "ref";
  patch.result_type = "pdf";
  patch.artifacts_json = R"([{"a":1}])";
  patch.metadata_json = R"({"m":1})";
  const auto state = add_evidence(link_, ada, execution_id(1), patch);
  ASSERT_TRUE(state);
  EXPECT_EQ(*state, "verification_failed");
  EXPECT_EQ(column(1, "evidence_external_id"), "new");
  EXPECT_EQ(column(1, "evidence_result_url"), "not a url");
  EXPECT_EQ(column(1, "evidence_result_ref"), "ref");
  EXPECT_EQ(column(1, "evidence_result_type"), "pdf");
  EXPECT_EQ(column(1, "evidence_summary"), "kept");
  EXPECT_EQ(column(1, "evidence_artifacts"), R"([{"a": 1}])");
  EXPECT_EQ(column(1, "evidence_metadata"), R"({"m": 1})");
  EXPECT_EQ(column(1, "outcome_metadata"), "");
  EXPECT_EQ(column(1, "evidence_produced_at"), "");
  EXPECT_EQ(column(1, "evidence_validation_state"), "");
}

TEST_F(evidence, of_the_longest_kind_that_clients_send_fits) {
  add_execution(1, "cue_w", {{"outcome_recorded_at", "now()"}});
  evidence_patch patch;
  patch.external_id = std::string(500, 'e');
  patch.result_ref = std::string(500, 'r');
  patch.result_type = std::string(100, 't');
  const auto state = add_evidence(link_, ada, execution_id(1), patch);
  ASSERT_TRUE(state);
  EXPECT_EQ(*state, std::nullopt);
  EXPECT_EQ(column(1, "length(evidence_external_id)"), "500");
}

TEST_F(evidence, needs_an_outcome) {
  add_execution(1, "cue_w");
  const auto refused = add_evidence(link_, ada, execution_id(1), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "no_outcome");
}

// -- live claim ----------------------------------------------------------------

TEST_F(live_claim, the_first_token_stays) {
  add_execution(1, "cue_w");
  EXPECT_EQ(attest_live_claim(link_, ada, execution_id(1), "mine", now_), now_);
  const auto updated_at = column(1, "updated_at");
  EXPECT_EQ(attest_live_claim(link_, ada, execution_id(1), "mine", now_ + 5s), now_);
  EXPECT_EQ(column(1, "updated_at"), updated_at);
  const auto refused = attest_live_claim(link_, ada, execution_id(1), "yours", now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 409);
  EXPECT_EQ(refused.error().code, "already_attested");
  EXPECT_EQ(column(1, "live_claim_session_token"), "mine");
}

TEST_F(live_claim, of_eight_tokens_at_once_one_wins) {
  add_execution(1, "cue_w");
  const int won = winners_of(8, [&](connection& own, int i) {
    return attest_live_claim(own, ada, execution_id(1), "token " + std::to_string(i), now_).has_value();
  });
  EXPECT_EQ(won, 1);
}

TEST_F(live_claim, eight_times_the_same_token_is_one_attestation) {
  add_execution(1, "cue_w");
  const int won = winners_of(8, [&](connection& own, int i) {
    return attest_live_claim(own, ada, execution_id(1), "", now_ + std::chrono::seconds{i}).has_value();
  });
  EXPECT_EQ(won, 8);
}

// -- whose ---------------------------------------------------------------------

TEST_F(execution_changes, nothing_of_another_user_can_be_changed) {
  add_execution(
      1, "cue_w",
      {{"status", "'delivering'"}, {"outcome_state", "'reported_success'"}, {"outcome_recorded_at", "now()"}});
  const auto id = execution_id(1);
  EXPECT_EQ(record_heartbeat(link_, bob, id, std::nullopt, now_).error().code, "execution_not_found");
  EXPECT_EQ(give_verdict(link_, bob, id, true, std::nullopt).error().code, "execution_not_found");
  EXPECT_EQ(park_for_verification(link_, bob, id).error().code, "execution_not_found");
  EXPECT_EQ(add_evidence(link_, bob, id, {}).error().code, "execution_not_found");
  EXPECT_EQ(attest_live_claim(link_, bob, id, "t", now_).error().code, "execution_not_found");
  EXPECT_EQ(column(1, "outcome_state"), "reported_success");
  EXPECT_EQ(column(1, "live_claimed_at"), "");
}
