#include <gmock/gmock.h>

#include "persistence/claim_store.hpp"
#include "persistence/deadline_store.hpp"
#include "persistence/delivery_store.hpp"
#include "persistence/executions.hpp"
#include "persistence/outcome_store.hpp"
#include "tests/persistence/execution_rows.hpp"

/// What waits behind an older execution of a `queue_one` cue, in every statement that could let it pass.
namespace cued::test {
namespace {

using namespace std::chrono_literals;
using persistence::attempt_result;

class queue_of_one : public execution_test {
protected:
  /// Number 1 is under way as `older` says, number 2 waits.
  void add_pair(const std::string& cue_id, const columns& older) {
    add_execution(1, cue_id, older);
    add_execution(2, cue_id);
    for (int n = 1; n <= 2; ++n)
      database_.exec("INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, dispatched, "
                     "dispatch_attempts, created_at) VALUES (" +
                     quoted(execution_id(n)) + ", " + quoted(cue_id) + ", 'deliver', '{}', false, 0, now())");
  }

  std::vector<std::string> started(const std::vector<std::string>& ids) {
    std::vector<std::string> out;
    const auto deliveries = deliveries_.start(ids, wall_clock{}.now()).value();
    for (const auto& d : deliveries)
      out.push_back(d.execution_id);
    return out;
  }
  std::vector<std::string> undispatched() {
    std::vector<std::string> out;
    const auto due = deadlines_.undispatched(now_).value();
    for (const auto& d : due)
      out.push_back(d.execution_id);
    return out;
  }
  attempt_result attempt(int n, attempt_result::verdict what) {
    attempt_result a;
    a.execution_id = execution_id(n);
    a.what = what;
    if (what == attempt_result::verdict::retry)
      a.next_retry = now_ + 1min;
    return a;
  }

  persistence::postgres_delivery_store deliveries_{database_.options()};
  persistence::postgres_claim_store claims_{database_.options()};
  persistence::postgres_outcome_store outcomes_{database_.options()};
  persistence::postgres_deadline_store deadlines_{database_.options(), persistence::deadline_limits{}};
  const columns queue_one_{{"overlap_policy", "'queue_one'"}};
};

TEST_F(queue_of_one, the_older_of_two_goes_first_whoever_is_asked_for) {
  add_cue("cue_1", queue_one_);
  add_pair("cue_1", {});
  EXPECT_THAT(undispatched(), testing::ElementsAre(execution_id(1)));
  EXPECT_THAT(started({execution_id(2), execution_id(1)}), testing::ElementsAre(execution_id(1)));
  EXPECT_THAT(started({execution_id(2)}), testing::IsEmpty());
  EXPECT_EQ(column(2, "status"), "pending");
}

TEST_F(queue_of_one, what_waits_is_named_when_its_forerunner_ends) {
  add_cue("cue_1", queue_one_);
  add_pair("cue_1", {{"status", "'delivering'"}});
  const auto recorded = outcomes_.record_attempts({attempt(1, attempt_result::verdict::success)}, now_).value();
  ASSERT_TRUE(recorded.at(0).next_in_line);
  EXPECT_EQ(recorded[0].next_in_line->execution_id, execution_id(2));
  EXPECT_EQ(recorded[0].next_in_line->user_id, ada);
  EXPECT_TRUE(recorded[0].next_in_line->webhook);
  EXPECT_THAT(started({execution_id(2)}), testing::ElementsAre(execution_id(2)));
}

TEST_F(queue_of_one, a_retry_ahead_keeps_it_waiting) {
  add_cue("cue_1", queue_one_);
  add_pair("cue_1", {{"status", "'delivering'"}});
  const auto recorded = outcomes_.record_attempts({attempt(1, attempt_result::verdict::retry)}, now_).value();
  EXPECT_FALSE(recorded.at(0).next_in_line);
  EXPECT_THAT(started({execution_id(2)}), testing::IsEmpty());
}

TEST_F(queue_of_one, an_outcome_that_is_waited_for_keeps_it_waiting_until_it_comes_or_is_overdue) {
  add_cue("cue_1", {{"overlap_policy", "'queue_one'"}, {"outcome_deadline_seconds", "60"}});
  add_pair("cue_1", {{"status", "'delivering'"}});
  EXPECT_FALSE(
      outcomes_.record_attempts({attempt(1, attempt_result::verdict::success)}, now_).value().at(0).next_in_line);
  EXPECT_THAT(started({execution_id(2)}), testing::IsEmpty());
  const auto expired = deadlines_.expire_outcomes(now_ + 1min).value();
  ASSERT_EQ(expired.released.size(), 1u);
  EXPECT_EQ(expired.released[0].execution_id, execution_id(2));
  EXPECT_THAT(started({execution_id(2)}), testing::ElementsAre(execution_id(2)));
}

TEST_F(queue_of_one, a_worker_cannot_claim_what_waits_until_the_outcome_of_its_forerunner) {
  add_worker_cue("cue_1", "{}", queue_one_);
  add_execution(1, "cue_1");
  add_execution(2, "cue_1");
  const auto ready = [&] {
    std::vector<std::string> ids;
    const auto rows = claims_.ready(ada, now_, 10).value();
    for (const auto& r : rows)
      ids.push_back(r.execution_id);
    const auto listed = persistence::claimable_executions(link_, ada, {}, now_).value();
    EXPECT_EQ(listed.size(), ids.size());
    return ids;
  };
  EXPECT_THAT(ready(), testing::ElementsAre(execution_id(1)));
  EXPECT_FALSE(claims_.claim({{ada, execution_id(2), "w"}}, now_).value().at(0));
  EXPECT_TRUE(claims_.claim({{ada, execution_id(1), "w"}}, now_).value().at(0));
  EXPECT_THAT(ready(), testing::IsEmpty());

  persistence::reported_outcome done;
  done.user_id = ada;
  done.execution_id = execution_id(1);
  done.success = true;
  const auto recorded = outcomes_.record_outcomes({done}, now_).value();
  ASSERT_TRUE(recorded.at(0).next_in_line);
  EXPECT_EQ(recorded[0].next_in_line->execution_id, execution_id(2));
  EXPECT_FALSE(recorded[0].next_in_line->webhook);
  EXPECT_THAT(ready(), testing::ElementsAre(execution_id(2)));
  EXPECT_TRUE(claims_.claim({{ada, execution_id(2), "w"}}, now_ + 1s).value().at(0));
}

TEST_F(queue_of_one, waiting_does_not_count_as_being_left_unclaimed) {
  add_worker_cue("cue_1", "{}", queue_one_);
  add_execution(1, "cue_1", {{"status", "'delivering'"}, {"claimed_by_worker", "'w'"}});
  add_execution(2, "cue_1");
  EXPECT_EQ(deadlines_.miss_unclaimed(now_).value(), 0u);
  database_.exec("UPDATE executions SET status = 'success', updated_at = timestamptz '2026-11-24 12:50:00+00' "
                 "WHERE id = " +
                 quoted(execution_id(1)));
  EXPECT_EQ(deadlines_.miss_unclaimed(now_).value(), 0u) << "ten minutes ago its turn came";
  EXPECT_EQ(deadlines_.miss_unclaimed(now_ + 6min).value(), 1u);
}

TEST_F(queue_of_one, what_was_asked_for_by_hand_does_not_wait) {
  add_cue("cue_1", queue_one_);
  add_execution(1, "cue_1", {{"status", "'delivering'"}});
  add_execution(2, "cue_1", {{"triggered_by", "'manual_fire'"}});
  EXPECT_THAT(started({execution_id(2)}), testing::ElementsAre(execution_id(2)));
}

TEST_F(queue_of_one, without_the_policy_nothing_waits) {
  for (const auto& [id, policy] : {std::pair{"cue_none", "NULL"}, {"cue_allow", "'allow'"}, {"cue_skip", "'skip'"}}) {
    add_cue(id, {{"overlap_policy", policy}});
    database_.exec("DELETE FROM dispatch_outbox; DELETE FROM executions");
    add_pair(id, {{"status", "'delivering'"}});
    EXPECT_THAT(started({execution_id(2)}), testing::ElementsAre(execution_id(2))) << id;
    const auto recorded = outcomes_.record_attempts({attempt(1, attempt_result::verdict::success)}, now_).value();
    EXPECT_FALSE(recorded.at(0).next_in_line) << id;
  }
}

} // namespace
} // namespace cued::test
